package zsc

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const attempts = 3

// Calls that change nothing but the log. A write whose answer is lost may have happened, and is not made again.
var triedAgain = regexp.MustCompile(`/(Read|BatchRead|List|Info|Audit|ProbePermission|Log|ListNames)$`)

// RFC 6750 §2.1. What is none would be quoted by the error of a header that does not take it.
var bearerToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

var loopback = regexp.MustCompile(`^(localhost|127(\.\d+){3}|::1)$`)

// An Error is a call that failed.
type Error struct {
	Code       string // a reason of docs/errors.md, or the gRPC code's name where the vault gave none
	Message    string
	RetryAfter time.Duration // 0 where the vault did not say
	Receipt    string        // of the refusal's row, where it left one
	status     *status.Status
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// GRPCStatus is what status.FromError gives.
func (e *Error) GRPCStatus() *status.Status { return e.status }

func errorOf(refused *status.Status, receipt string) *Error {
	e := &Error{Code: code.Code(refused.Code()).String(), Message: refused.Message(), Receipt: receipt, status: refused}
	for _, detail := range refused.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Code = detail.GetReason()
		case *errdetails.RetryInfo:
			e.RetryAfter = detail.GetRetryDelay().AsDuration()
		}
	}
	return e
}

func open(origin string, options Options) (*grpc.ClientConn, error) {
	parts, err := url.Parse(origin)
	if err != nil || parts.Host == "" || parts.User != nil || strings.Trim(parts.Path, "/")+parts.RawQuery+parts.Fragment != "" {
		return nil, errors.New("zsc: the URL must be an origin, such as https://vault.internal:7777")
	}
	if parts.Scheme != "https" && (parts.Scheme != "http" || !options.AllowHTTP && !loopback.MatchString(parts.Hostname())) {
		return nil, errors.New("zsc: use https:, or http: to loopback; other http:, which is in the clear, needs AllowHTTP")
	}
	security, port := insecure.NewCredentials(), "80"
	if parts.Scheme == "https" {
		security, port = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}), "443"
		if options.CAFile != "" {
			if security, err = credentials.NewClientTLSFromFile(options.CAFile, ""); err != nil {
				return nil, err
			}
		}
	}
	if parts.Port() == "" {
		parts.Host += ":" + port
	}
	return grpc.NewClient("dns:///"+parts.Host,
		grpc.WithTransportCredentials(security),
		grpc.WithUnaryInterceptor(options.guard),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8<<20)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}))
}

// Gives each call its token and its time, tries it again where that is safe, and makes an *Error of what went wrong.
func (o Options) guard(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, 10*time.Second))
	defer cancel()
	deadline, _ := ctx.Deadline()
	token, failure := o.token()
	for attempt, renewed := 1, false; failure == nil; attempt++ {
		var trailer metadata.MD
		authorized := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
		err := invoke(authorized, method, request, reply, connection, append(slices.Clip(options), grpc.Trailer(&trailer))...)
		if err == nil {
			return nil
		}
		refusal := errorOf(status.Convert(err), strings.Join(trailer.Get("zsc-receipt"), ""))
		if refusal.status.Code() == codes.Unauthenticated && !renewed {
			before := token
			renewed = true
			if token, failure = o.token(); token != before {
				continue
			}
		}
		pause := refusal.RetryAfter + rand.N(min(2*time.Second, 100*time.Millisecond<<(attempt-1)))
		isOver := attempt >= attempts || !triedAgain.MatchString(method) || time.Until(deadline) <= pause
		if isOver || refusal.status.Code() != codes.Unavailable {
			return refusal
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errorOf(status.FromContextError(ctx.Err()), "")
		}
	}
	return failure
}

func (o Options) token() (string, error) {
	text := o.Token
	if o.TokenFile != "" {
		read, err := os.ReadFile(o.TokenFile)
		if err != nil {
			return "", err
		}
		text = strings.TrimSuffix(strings.TrimSuffix(string(read), "\n"), "\r")
	}
	if !bearerToken.MatchString(text) {
		const message = "the token holds a character that no token has, such as a line break"
		return "", errorOf(status.New(codes.Unauthenticated, message), "")
	}
	return text, nil
}
