#!/bin/sh
# etcd: an answer to RequestProgress that was asked for before a watch was opened can
# reach that watch first, and says that all up to a revision was told which the watch
# has still to tell: it was opened from an older one.
#
# Seen with go.etcd.io/etcd client/v3 and server/v3 v3.7.3 (embedded, one member): a
# key is put at revision R and watched from R on, while somebody asks on the same
# stream (one client, one context) how far the watches are:
#
#	stream shared    some watches in a hundred hear "progress R" before the event of R
#	own stream       none does (a context with metadata of its own for each watch)
#
# The answer goes to all watches of a stream. The server works it out of those that
# are there and queues it with events; that a watch was created goes by another
# queue, and may be sent first. A cache that waits for progress R before it serves,
# or a standby that takes over, then has not seen R.
#
# Needs Go and network access to modules. Prints what it sees; fails if that changes.
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT INT TERM
mkdir "$dir/finding"
cd "$dir/finding"
export GOFLAGS=-mod=mod GOPATH="$dir/go" GOCACHE="$dir/cache" GOTOOLCHAIN=local

cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc/metadata"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	return v
}

// overtaken opens watches for some time, in contexts that it is given, and counts
// those that hear of progress before they hear of what was put.
func overtaken(client *clientv3.Client, of func(n int) context.Context, enough int) (misled, n int) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end) && misled < enough; n++ {
		put := must(client.Put(context.Background(), "k", "v")).Header.Revision
		ctx, done := context.WithCancel(of(n))
		for r := range client.Watch(ctx, "k", clientv3.WithRev(put)) {
			if len(r.Events) > 0 {
				break
			}
			if r.IsProgressNotify() && r.Header.Revision >= put {
				misled++
				break
			}
		}
		done()
	}
	return misled, n
}

func main() {
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel = "data", "fatal"
	local := *must(url.Parse("http://127.0.0.1:0"))
	cfg.ListenClientUrls, cfg.ListenPeerUrls = []url.URL{local}, []url.URL{local}
	server := must(embed.StartEtcd(cfg))
	defer server.Close()
	<-server.Server.ReadyNotify()
	client := must(clientv3.New(clientv3.Config{Endpoints: []string{server.Clients[0].Addr().String()}}))
	defer client.Close()

	// Somebody else on the stream, who asks how far it is.
	shared := context.Background()
	other := client.Watch(shared, "other")
	go func() {
		for range other {
		}
	}()
	for range 2 {
		go func() {
			for {
				_ = client.RequestProgress(shared)
				time.Sleep(50 * time.Microsecond)
			}
		}()
	}

	misled, n := overtaken(client, func(int) context.Context { return shared }, 3)
	fmt.Printf("shared stream: %d watches, %d heard of progress before the event\n", n, misled)
	own, m := overtaken(client, func(n int) context.Context {
		return metadata.AppendToOutgoingContext(context.Background(), "watch", fmt.Sprint(n))
	}, 1)
	fmt.Printf("own stream: %d watches, %d heard of progress before the event\n", m, own)
	if misled == 0 || own != 0 {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
go mod init finding >../log 2>&1 || { cat ../log; exit 2; }
go get go.etcd.io/etcd/server/v3@v3.7.3 go.etcd.io/etcd/client/v3@v3.7.3 >../log 2>&1 || { cat ../log; exit 2; }
go mod tidy >../log 2>&1 || { cat ../log; exit 2; }
go run .
