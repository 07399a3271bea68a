// Package zsc reads secrets from a ZSC vault: every read is durable in a verifiable audit log before it is answered.
package zsc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"zsc-vault/zsc/zscv1"
)

// Options of a client: either Token or TokenFile, and what else differs from its default.
type Options struct {
	Token         string
	TokenFile     string        // read anew for each call
	CAFile        string        // authorities in PEM, in place of the system's
	Timeout       time.Duration // for a call with its retries; 10 s unless given
	NoFallThrough bool          // Read does not look into this process's environment
	AllowHTTP     bool          // also to a host that is not loopback: token and values pass in the clear
}

// A Secret is a value, and where it came from. Neither printing it nor its JSON shows the value.
type Secret struct {
	Source     string // "vault" or "env"
	PurposeTag string
	Receipt    string        // "<seq>.<row_hash>" of the row of this read in the audit log
	value      func() string // package fmt shows the text of a field, also of one that is not exported
}

// Value is the plaintext.
func (s *Secret) Value() string { return s.value() }

// A Result is what came of one name: one of the two.
type Result struct {
	Secret *Secret
	Err    *Error
}

// A Client of one vault. Goroutines may share it; it holds one connection, and no answer.
type Client struct {
	// The services themselves; their calls fail with *Error too. Those of Admin need an admin's token.
	Context zscv1.ZeqContextClient
	Admin   zscv1.ZscAdminClient

	connection  *grpc.ClientConn
	fallThrough bool
}

// Whatever the verb, no token and no value is printed.
func (Options) Format(f fmt.State, _ rune)  { fmt.Fprint(f, "zsc.Options{…}") }
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "zsc.Secret{%s %s}", s.Source, s.Receipt) }
func (c *Client) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "zsc.Client{%s}", c.connection.Target())
}

// NewClient makes a client of the vault at an origin such as https://vault.internal:7777. It does not connect yet.
func NewClient(origin string, options Options) (*Client, error) {
	if (options.Token == "") == (options.TokenFile == "") {
		return nil, errors.New("zsc: give either Token or TokenFile")
	}
	connection, err := open(origin, options)
	if err != nil {
		return nil, err
	}
	context, admin := zscv1.NewZeqContextClient(connection), zscv1.NewZscAdminClient(connection)
	return &Client{context, admin, connection, !options.NoFallThrough}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.connection.Close() }

// Read gives the value of a secret. When the vault has none of that name: of this process's own environment. The purpose
// is kept in the audit row; an empty one is "read".
func (c *Client) Read(ctx context.Context, name string, purpose string) (string, error) {
	secret, err := c.ReadSecret(ctx, name, purpose)
	if err != nil {
		return "", err
	}
	return secret.Value(), nil
}

// ReadSecret is as Read, with the secret's source and receipt.
func (c *Client) ReadSecret(ctx context.Context, name string, purpose string) (*Secret, error) {
	answer, err := c.Context.Read(ctx, &zscv1.ReadRequest{Name: name, Purpose: &purpose})
	if err == nil {
		return secretOf(answer), nil
	}
	if own := c.own(name, err); own != nil {
		return own, nil
	}
	return nil, err
}

// ReadMany gives what came of each name. It fails when a call of up to 100 names fails as a whole.
func (c *Client) ReadMany(ctx context.Context, names []string, purpose string) (map[string]Result, error) {
	results := make(map[string]Result, len(names))
	for piece := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(names))), 100) {
		answer, err := c.Context.BatchRead(ctx, &zscv1.BatchReadRequest{Names: piece, Purpose: &purpose})
		if err != nil {
			return nil, err
		}
		for _, item := range answer.GetItems() {
			name, failure := item.GetName(), errorOf(status.FromProto(item.GetError()), "")
			if secret := item.GetSecret(); secret != nil {
				results[name] = Result{Secret: secretOf(secret)}
			} else if own := c.own(name, failure); own != nil {
				results[name] = Result{Secret: own}
			} else {
				results[name] = Result{Err: failure}
			}
		}
	}
	return results, nil
}

// What this process's own environment has, where the vault has no such secret.
func (c *Client) own(name string, err error) *Secret {
	var failure *Error
	if c.fallThrough && errors.As(err, &failure) && failure.Code == "NOT_FOUND" {
		if value, ok := os.LookupEnv(name); ok {
			return &Secret{"env", "", failure.Receipt, func() string { return value }}
		}
	}
	return nil
}

func secretOf(answer *zscv1.ReadResponse) *Secret {
	receipt := fmt.Sprintf("%d.%s", answer.GetReceipt().GetSeq(), answer.GetReceipt().GetRowHash())
	return &Secret{"vault", answer.GetPurposeTag(), receipt, answer.GetValue}
}
