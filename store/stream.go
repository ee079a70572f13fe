package store

import (
	"context"
	"strconv"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"
)

// Stream gives each watch of one prefix a stream of its own. What etcd answers to
// the question how far it has told (RequestProgress) goes to all watches of a
// stream, and also to one that was opened after the question and has still to be
// told of what came before (seen with etcd 3.7.3): it would take itself for further
// than it is. The zero value is ready.
type Stream struct{ n atomic.Int64 }

var streams atomic.Int64

// Open returns the context of the next watch, which is the one that Ask asks.
func (s *Stream) Open(ctx context.Context) context.Context {
	n := streams.Add(1)
	s.n.Store(n)
	return streamContext(ctx, n)
}

// Ask asks how far the watch is: it is told in its own channel, if not at once, and
// not at all where it is broken. Ask again then.
func (s *Stream) Ask(ctx context.Context, c *clientv3.Client) {
	if n := s.n.Load(); n != 0 {
		_ = c.RequestProgress(streamContext(ctx, n))
	}
}

// streamContext is a context whose watches the client puts on a stream of their own.
func streamContext(ctx context.Context, n int64) context.Context {
	return metadata.AppendToOutgoingContext(clientv3.WithRequireLeader(ctx), "weft-stream", strconv.FormatInt(n, 10))
}
