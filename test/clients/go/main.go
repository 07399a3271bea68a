// A gRPC client in Go, generated from the protos: reads a secret, is denied one, and checks the receipts.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	zscv1 "zscclient/gen/zsc/v1"
)

var receiptText = regexp.MustCompile(`^[1-9][0-9]*\.[0-9a-f]{64}$`)

// One line for the runner.
type check struct {
	What    string `json:"what"`
	OK      bool   `json:"ok"`
	Saw     string `json:"saw"`
	Receipt string `json:"receipt,omitempty"`
}

type call struct {
	header, trailer metadata.MD
}

func (c *call) options() []grpc.CallOption {
	return []grpc.CallOption{grpc.Header(&c.header), grpc.Trailer(&c.trailer)}
}

func main() {
	address := os.Getenv("ZSC_ADDRESS")
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	client := zscv1.NewZeqContextClient(connection)
	inTime, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	name := os.Getenv("ZSC_SECRET")
	owner, stranger := as(inTime, "ZSC_OWNER_TOKEN"), as(inTime, "ZSC_STRANGER_TOKEN")

	print(read(owner, client, name))
	print(refusal("is denied a secret, with the reason", stranger, client, name, codes.PermissionDenied, "DENIED"))
	print(refusal("hears that there is none", owner, client, "no-such-secret", codes.NotFound, "NOT_FOUND"))
	print(refusal("is told what is wrong with its input", owner, client, "", codes.InvalidArgument, "INVALID_ARGUMENT"))
	print(batch(owner, client, name))
}

func as(ctx context.Context, variable string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+os.Getenv(variable))
}

func read(ctx context.Context, client zscv1.ZeqContextClient, name string) check {
	const what = "reads a secret, and its receipt holds"
	var c call
	purpose := "go"
	answer, err := client.Read(ctx, &zscv1.ReadRequest{Name: name, Purpose: &purpose}, c.options()...)
	if err != nil {
		return check{What: what, Saw: err.Error()}
	}
	receipt := answer.GetReceipt()
	header := first(c.header, "zsc-receipt")
	input := fmt.Sprintf("%s|%s|%s|%s", name, os.Getenv("ZSC_OWNER"), receipt.GetTransitionId(), purpose)
	digest := sha256.Sum256([]byte(input))
	ok := answer.GetValue() == os.Getenv("ZSC_VALUE") &&
		header == fmt.Sprintf("%d.%s", receipt.GetSeq(), receipt.GetRowHash()) &&
		receipt.GetProofDigest() == hex.EncodeToString(digest[:])
	return check{What: what, OK: ok, Saw: answer.GetValue(), Receipt: header}
}

// A refusal: its code, its reason, and its receipt in the trailers where it was recorded.
func refusal(what string, ctx context.Context, client zscv1.ZeqContextClient, name string, code codes.Code, reason string) check {
	var c call
	_, err := client.Read(ctx, &zscv1.ReadRequest{Name: name}, c.options()...)
	refused, _ := status.FromError(err)
	info := infoOf(refused)
	receipt := first(c.trailer, "zsc-receipt")
	recorded := reason != "INVALID_ARGUMENT"
	ok := refused.Code() == code && info.GetReason() == reason && info.GetDomain() == "zsc.v1" &&
		receiptText.MatchString(receipt) == recorded
	saw := fmt.Sprintf("%s, %s: %s", refused.Code(), info.GetReason(), refused.Message())
	return check{What: what, OK: ok, Saw: saw, Receipt: receipt}
}

func batch(ctx context.Context, client zscv1.ZeqContextClient, name string) check {
	const what = "reads a batch, with a status for each"
	var c call
	names := []string{"no-such-secret", name, name}
	answer, err := client.BatchRead(ctx, &zscv1.BatchReadRequest{Names: names}, c.options()...)
	if err != nil || len(answer.GetItems()) != len(names) {
		return check{What: what, Saw: fmt.Sprint(err)}
	}
	items := answer.GetItems()
	missing := infoOf(status.FromProto(items[0].GetError())).GetReason()
	ok := missing == "NOT_FOUND"
	for index, item := range items {
		ok = ok && item.GetName() == names[index]
	}
	for _, item := range items[1:] {
		ok = ok && item.GetSecret().GetValue() == os.Getenv("ZSC_VALUE")
	}
	saw := fmt.Sprintf("%s, %s, %s", missing, items[1].GetSecret().GetValue(), items[2].GetSecret().GetValue())
	return check{What: what, OK: ok, Saw: saw, Receipt: first(c.header, "zsc-receipt")}
}

func infoOf(refused *status.Status) *errdetails.ErrorInfo {
	for _, detail := range refused.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info
		}
	}
	return nil
}

func first(md metadata.MD, name string) string {
	if values := md.Get(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func print(c check) {
	line, _ := json.Marshal(c)
	fmt.Println(string(line))
}
