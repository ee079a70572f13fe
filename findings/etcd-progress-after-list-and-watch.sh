#!/bin/sh
# etcd: a client that lists and then watches from the next revision, as usual, asks
# in vain how far its watch is (RequestProgress) until somebody writes anything, and
# silences all other watches of its stream meanwhile.
#
# Seen with go.etcd.io/etcd client/v3 and server/v3 v3.7.3 (embedded, one member):
#
#	one watch from the current revision           answered
#	a second one on the stream, from the next     neither is answered
#	after a write to a key that nobody watches    both are answered
#
# So "no answer" does not mean that a watch is behind or broken: on a quiet cluster
# it is what a cache that is up to date gets. Who waits for an answer in order to
# serve (a standby that takes over, a consistent read from a cache) waits for the
# next write of anybody. The other way, to watch from the current revision, is told
# at once how far it is, but such a watch is served by a loop with a pause of 100 ms.
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
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	return v
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
	ctx := context.Background()

	must(client.Put(ctx, "/a/1", "x"))
	listed := must(client.Get(ctx, "/a/", clientv3.WithPrefix()))
	now := listed.Header.Revision
	failed := false
	ask := func(what string, want bool, watches ...clientv3.WatchChan) {
		must(0, client.RequestProgress(ctx))
		answered := 0
		late, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		for _, w := range watches {
			for told := false; !told; {
				select {
				case r := <-w:
					if told = r.IsProgressNotify(); told {
						answered++
					}
				case <-late.Done():
					told = true
				}
			}
		}
		fmt.Printf("%-45s %d of %d watches are told how far they are\n", what, answered, len(watches))
		failed = failed || want != (answered == len(watches)) || !want && answered > 0
	}
	here := client.Watch(ctx, "/a/", clientv3.WithPrefix(), clientv3.WithRev(now))
	<-here // the write that was listed: the watch is served
	ask("from the current revision:", true, here)
	next := client.Watch(ctx, "/b/", clientv3.WithPrefix(), clientv3.WithRev(now+1))
	time.Sleep(500 * time.Millisecond) // it is there
	ask("a second one, from the next revision:", false, here, next)
	must(client.Put(ctx, "/other", "x"))
	ask("after a write that neither of them watches:", true, here, next)
	if failed {
		fmt.Println("etcd behaves in another way than described")
		os.Exit(1)
	}
}
GO
go mod init finding >../log 2>&1 || { cat ../log; exit 2; }
go get go.etcd.io/etcd/server/v3@v3.7.3 go.etcd.io/etcd/client/v3@v3.7.3 >../log 2>&1 || { cat ../log; exit 2; }
go mod tidy >../log 2>&1 || { cat ../log; exit 2; }
go run .
