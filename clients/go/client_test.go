// Against a vault over TLS (`npm run test:examples` starts one and says where in the environment), and a server that fails.
package zsc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"zsc-vault/zsc"
	"zsc-vault/zsc/zscv1"
)

const name, foreign, value = "client/go", "client/go/foreign", "correct horse"

var ctx = context.Background()
var receipt = regexp.MustCompile(`^[1-9][0-9]*\.[0-9a-f]{64}$`)

func TestReadsAValueWithSourceTagAndReceipt(t *testing.T) {
	client := onVault(t, zsc.Options{})
	text, err := client.Read(ctx, name, "test")
	secret, err2 := client.ReadSecret(ctx, name, "")
	if err != nil || err2 != nil || text != value || secret.Value() != value {
		t.Fatal(err, err2)
	}
	if secret.Source != "vault" || secret.PurposeTag != "test" || !receipt.MatchString(secret.Receipt) {
		t.Error(secret)
	}
}

func TestFallsThroughWhenThereIsNoSuchSecretAndOnlyThen(t *testing.T) {
	t.Setenv("OWN", "own")
	t.Setenv(foreign, "own")
	client := onVault(t, zsc.Options{})
	secret, err := client.ReadSecret(ctx, "OWN", "")
	if err != nil || secret.Value() != "own" || secret.Source != "env" || !receipt.MatchString(secret.Receipt) {
		t.Error(secret, err)
	}
	_, err = client.Read(ctx, foreign, "")
	expectCode(t, err, "DENIED")
	_, err = client.Read(ctx, "neither", "")
	expectCode(t, err, "NOT_FOUND")
	_, err = onVault(t, zsc.Options{NoFallThrough: true}).Read(ctx, "OWN", "")
	expectCode(t, err, "NOT_FOUND")
}

func TestReadsManyInPieces(t *testing.T) {
	t.Setenv("OWN", "own")
	names := []string{name, "OWN", foreign, name}
	for number := range 120 {
		names = append(names, fmt.Sprintf("none-%d", number))
	}
	found, err := onVault(t, zsc.Options{}).ReadMany(ctx, names, "")
	if err != nil || len(found) != 123 {
		t.Fatal(len(found), err)
	}
	if found[name].Secret.Value() != value || found["OWN"].Secret.Value() != "own" {
		t.Error(found[name], found["OWN"])
	}
	expectCode(t, found[foreign].Err, "DENIED")
	expectCode(t, found["none-119"].Err, "NOT_FOUND")
}

func TestReadsTheTokenFileAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	client := onVault(t, zsc.Options{TokenFile: file})
	write(t, file, "not.a.token\n")
	_, err := client.Read(ctx, name, "")
	expectCode(t, err, "UNAUTHENTICATED")
	write(t, file, token(t)+"\r\n")
	if _, err := client.Read(ctx, name, ""); err != nil {
		t.Error(err)
	}
}

func TestRefusesACertificateOfAnUnknownAuthority(t *testing.T) {
	client, err := zsc.NewClient(os.Getenv("ZSC_URL"), zsc.Options{TokenFile: os.Getenv("ZSC_TOKEN_FILE")})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Read(ctx, name, "")
	expectCode(t, err, "UNAVAILABLE")
}

func TestShowsNoTokenAndNoValue(t *testing.T) {
	options := zsc.Options{Token: token(t)}
	client := onVault(t, options)
	secret, _ := client.ReadSecret(ctx, name, "")
	_, denied := client.Read(ctx, foreign, "")
	_, broken := onVault(t, zsc.Options{Token: token(t) + "\n" + token(t)}).Read(ctx, name, "")
	results, _ := client.ReadMany(ctx, []string{name}, "")
	kept := struct{ secret *zsc.Secret }{secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, printed := range []any{options, &options, client, *secret, secret, kept, denied, broken, results} {
			if shown := fmt.Sprintf(verb, printed); strings.Contains(shown, value) || strings.Contains(shown, token(t)) {
				t.Errorf("%s of %T", verb, printed)
			}
		}
	}
	expectCode(t, broken, "UNAUTHENTICATED")
}

func TestTriesAReadThreeTimesAndAWriteOnce(t *testing.T) {
	server, client := failing(t, codes.Unavailable, 2, 0)
	if _, err := client.Read(ctx, "x", ""); err != nil || server.calls != 3 {
		t.Error(server.calls, err)
	}
	server, client = failing(t, codes.Unavailable, 9, 0)
	_, err := client.Read(ctx, "x", "")
	expectCalls(t, server, err, "UNAVAILABLE", 3)
	server, client = failing(t, codes.Unavailable, 9, 0)
	_, err = client.Admin.Set(ctx, &zscv1.SetRequest{})
	expectCalls(t, server, err, "UNAVAILABLE", 1)
}

func TestTriesNothingElseAgain(t *testing.T) {
	for code, name := range map[codes.Code]string{codes.ResourceExhausted: "RESOURCE_EXHAUSTED", codes.Unauthenticated: "UNAUTHENTICATED"} {
		server, client := failing(t, code, 9, time.Second)
		_, err := client.Read(ctx, "x", "")
		expectCalls(t, server, err, name, 1)
	}
}

func TestWaitsAsLongAsItIsToldWithinItsTime(t *testing.T) {
	_, client := failing(t, codes.Unavailable, 1, time.Second)
	start := time.Now()
	if _, err := client.Read(ctx, "x", ""); err != nil || time.Since(start) < time.Second {
		t.Error(time.Since(start), err)
	}
	server, client := failing(t, codes.Unavailable, 1, time.Hour)
	_, err := client.Read(ctx, "x", "")
	expectCalls(t, server, err, "UNAVAILABLE", 1)
	var failure *zsc.Error
	if errors.As(err, &failure); failure.RetryAfter != time.Hour {
		t.Error(failure.RetryAfter)
	}
}

func TestTakesOnlyAnOriginThatIsSafe(t *testing.T) {
	for _, origin := range []string{"http://vault.example", "https://u:p@vault.example", "https://vault.example/x", "vault.example:7777"} {
		if _, err := zsc.NewClient(origin, zsc.Options{Token: "a.b"}); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Error(origin, err)
		}
	}
	for _, origin := range []string{"https://vault.example/", "http://localhost:1", "http://[::1]:1"} {
		if _, err := zsc.NewClient(origin, zsc.Options{Token: "a.b"}); err != nil {
			t.Error(origin, err)
		}
	}
}

func onVault(t *testing.T, options zsc.Options) *zsc.Client {
	t.Helper()
	options.CAFile = os.Getenv("ZSC_CA_FILE")
	if options.Token == "" && options.TokenFile == "" {
		options.TokenFile = os.Getenv("ZSC_TOKEN_FILE")
	}
	client, err := zsc.NewClient(os.Getenv("ZSC_URL"), options)
	admin, err2 := zsc.NewClient(os.Getenv("ZSC_URL"), zsc.Options{TokenFile: os.Getenv("ZSC_ADMIN_TOKEN_FILE"), CAFile: options.CAFile})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	t.Cleanup(func() { client.Close() })
	defer admin.Close()
	owner, tag, text := os.Getenv("ZSC_ZID"), "test", value
	_, err = admin.Admin.Set(ctx, &zscv1.SetRequest{Name: name, Value: &text, BoundZid: &owner, PurposeTag: &tag})
	_, err2 = admin.Admin.Set(ctx, &zscv1.SetRequest{Name: foreign, Value: &text})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return client
}

func token(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(os.Getenv("ZSC_TOKEN_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expectCode(t *testing.T, err error, code string) {
	t.Helper()
	var failure *zsc.Error
	if !errors.As(err, &failure) || failure.Code != code {
		t.Errorf("%v instead of %s", err, code)
	}
}

func expectCalls(t *testing.T, server *failingServer, err error, code string, calls int) {
	t.Helper()
	expectCode(t, err, code)
	if server.calls != calls {
		t.Errorf("%d calls instead of %d", server.calls, calls)
	}
}

// A server that fails so many times.
type failingServer struct {
	zscv1.UnimplementedZeqContextServer
	zscv1.UnimplementedZscAdminServer
	code         codes.Code
	times, calls int
	delay        time.Duration
}

func failing(t *testing.T, code codes.Code, times int, delay time.Duration) (*failingServer, *zsc.Client) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	failing, server := &failingServer{code: code, times: times, delay: delay}, grpc.NewServer()
	zscv1.RegisterZeqContextServer(server, failing)
	zscv1.RegisterZscAdminServer(server, failing)
	go server.Serve(listener)
	client, err := zsc.NewClient("http://"+listener.Addr().String(), zsc.Options{Token: "a.b"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Stop() })
	return failing, client
}

func (s *failingServer) Read(_ context.Context, request *zscv1.ReadRequest) (*zscv1.ReadResponse, error) {
	return &zscv1.ReadResponse{Name: request.Name, Value: value}, s.failure()
}

func (s *failingServer) Set(context.Context, *zscv1.SetRequest) (*zscv1.SetResponse, error) {
	return &zscv1.SetResponse{}, s.failure()
}

func (s *failingServer) failure() error {
	s.calls++
	if s.calls > s.times {
		return nil
	}
	refused, _ := status.New(s.code, "no").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(s.delay)})
	if s.delay == 0 {
		refused = status.New(s.code, "no")
	}
	return refused.Err()
}
