package etcd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

const (
	// probeKey is compared with and never written.
	probeKey = "/weft/probe"
	// maxProbedOps and maxProbedBytes bound what is tried; a server that allows
	// more is not asked for more.
	maxProbedOps   = 1 << 15
	maxProbedBytes = 32 << 20
	// grpcOverhead is what an etcd server adds to --max-request-bytes to get the
	// size of message that it receives.
	grpcOverhead = 512 << 10
	probeTimeout = 10 * time.Second
)

// Probe finds out what a cluster allows in one transaction, by asking for
// transactions that hold nothing but comparisons: they are refused or not by
// the same rule as others, and write nothing. The client is one that has dialled.
func Probe(ctx context.Context, c *clientv3.Client) (Limits, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	ops, err := probeOps(ctx, c)
	if err != nil {
		return Limits{}, fmt.Errorf("etcd: probe the limit of operations: %w", err)
	}
	size, err := probeBytes(ctx, c)
	if err != nil {
		return Limits{}, fmt.Errorf("etcd: probe the limit of size: %w", err)
	}
	return Limits{TxnOps: ops, RequestBytes: size}, nil
}

// probeOps searches the greatest number of comparisons that is let through.
func probeOps(ctx context.Context, c *clientv3.Client) (int, error) {
	one := &pb.Compare{Key: []byte(probeKey), Target: pb.Compare_CREATE, Result: pb.Compare_GREATER, TargetUnion: &pb.Compare_CreateRevision{}}
	allowed := func(n int) (bool, error) {
		err := compare(ctx, c, slices.Repeat([]*pb.Compare{one}, n))
		if errors.Is(err, rpctypes.ErrTooManyOps) {
			return false, nil
		}
		return err == nil, err
	}
	// Nobody sets a limit below 1; most set none, which is 128.
	low, high := 1, DefaultLimits().TxnOps
	for {
		ok, err := allowed(high)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		if low = high; low >= maxProbedOps {
			return low, nil
		}
		if low == DefaultLimits().TxnOps {
			high = low + 1 // the commonest answer, in two questions
		} else {
			high = low * 2
		}
	}
	for high-low > 1 {
		mid := (low + high) / 2
		ok, err := allowed(mid)
		if err != nil {
			return 0, err
		}
		if ok {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

// receiveLimit finds the limit in gRPC's refusal of a message.
var receiveLimit = regexp.MustCompile(`received message larger than max \(\d+ vs\. (\d+)\)`)

// probeBytes sends growing messages until the server says what its limit is.
func probeBytes(ctx context.Context, c *clientv3.Client) (int, error) {
	value := make([]byte, maxProbedBytes)
	for size := 2<<20 + 1<<16; ; size *= 4 {
		size = min(size, maxProbedBytes)
		err := compare(ctx, c, []*pb.Compare{{
			Key: []byte(probeKey), Target: pb.Compare_VALUE, Result: pb.Compare_EQUAL, TargetUnion: &pb.Compare_Value{Value: value[:size]},
		}})
		if err != nil {
			m := receiveLimit.FindStringSubmatch(err.Error())
			if m == nil {
				return 0, err
			}
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return 0, err
			}
			if n <= grpcOverhead {
				return 0, fmt.Errorf("the server receives messages of %d bytes only", n)
			}
			return n - grpcOverhead, nil
		}
		if size == maxProbedBytes {
			return size - grpcOverhead, nil
		}
	}
}

// compare asks for a transaction of comparisons. Unlike a clientv3.Txn it copies
// none of them: they are as many, or as large, as etcd may allow.
func compare(ctx context.Context, c *clientv3.Client, cmps []*pb.Compare) error {
	_, err := clientv3.RetryKVClient(c).Txn(ctx, &pb.TxnRequest{Compare: cmps}, grpc.WaitForReady(true))
	return rpctypes.Error(err)
}
