// Sets a secret, is refused it, is granted it and reads it, and keeps the receipt of each call: ../README.md.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"zsc-vault/zsc"
	"zsc-vault/zsc/zscv1"
)

const name = "example/go"

func main() {
	ctx, value := context.Background(), rand.Text()
	admin, vault := client("ZSC_ADMIN_TOKEN_FILE"), client("ZSC_TOKEN_FILE")
	defer admin.Close()
	defer vault.Close()
	var header metadata.MD

	_, err := admin.Admin.Set(ctx, &zscv1.SetRequest{Name: name, Value: &value}, grpc.Header(&header))
	keep("set", err, header.Get("zsc-receipt")...)

	_, err = vault.Read(ctx, name, "")
	var refusal *zsc.Error
	if errors.As(err, &refusal) {
		keep("refused with "+refusal.Code, nil, refusal.Receipt)
	}

	request := &zscv1.GrantRequest{Name: name, Zid: os.Getenv("ZSC_ZID")}
	_, err = admin.Admin.Grant(ctx, request, grpc.Header(&header))
	keep("granted", err, header.Get("zsc-receipt")...)

	secret, err := vault.ReadSecret(ctx, name, "example")
	if err != nil || secret.Value() != value {
		log.Fatal("not what was set: ", err)
	}
	keep("read", nil, secret.Receipt)

	_, err = admin.Admin.Delete(ctx, &zscv1.DeleteRequest{Name: name}, grpc.Header(&header))
	keep("deleted", err, header.Get("zsc-receipt")...)
}

func client(tokenFile string) *zsc.Client {
	client, err := zsc.NewClient(os.Getenv("ZSC_URL"), zsc.Options{TokenFile: os.Getenv(tokenFile)})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func keep(what string, err error, receipts ...string) {
	if err != nil {
		log.Fatal(what, ": ", err)
	}
	file, err := os.OpenFile("receipts.txt", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	for _, receipt := range receipts {
		fmt.Printf("%s, receipt %s\n", what, receipt)
		fmt.Fprintln(file, receipt)
	}
}
