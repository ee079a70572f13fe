package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// counts are where keys are counted: what northd writes. What agents write
// beside depends on what happens to meet in one report of theirs.
var counts = []string{"/weft/nb/", "/weft/sb/", "/weft/log/"}

// noKeys is why there is no such figure of the peer.
const noKeys = "it has no etcd"

// written does something and returns how many keys northd wrote or deleted in
// etcd meanwhile, each as often as it did; 0 of the peer.
func (c *cloud) written(ctx context.Context, do func() error) (int, error) {
	if c.s.Backend.Name() != "weft" {
		return 0, do()
	}
	e, err := c.etcd()
	if err != nil {
		return 0, err
	}
	defer e.Close()
	from, err := revision(ctx, e)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	to, err := revision(ctx, e)
	if err != nil {
		return 0, err
	}
	return keysBetween(ctx, e, from, to)
}

// etcd connects to weft's.
func (c *cloud) etcd() (*clientv3.Client, error) {
	e, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + c.s.Dir + "/etcd.sock"}})
	if err != nil {
		return nil, fmt.Errorf("bench: etcd: %w", err)
	}
	return e, nil
}

// held returns how many of the keys of northd there are in etcd, of weft, and
// their bytes, with those of what they hold.
func (c *cloud) held(ctx context.Context) (keys, bytes int64, err error) {
	return c.below(ctx, counts...)
}

// southbound returns the bytes of the Southbound database: of weft the keys in etcd and
// what they hold, of the peer what its server keeps in a file once that is compact.
func (c *cloud) southbound(ctx context.Context) (int64, error) {
	if c.s.Backend.Name() == "weft" {
		_, bytes, err := c.below(ctx, "/weft/sb/")
		return bytes, err
	}
	r, err := c.s.Run(ctx, "", "", "ovsdb-client", "backup", "unix:"+c.s.Dir+"/sb.sock", "OVN_Southbound")
	if err != nil {
		return 0, err
	}
	return int64(len(r.Stdout)), nil
}

// below returns how many keys there are below prefixes, and their bytes.
func (c *cloud) below(ctx context.Context, prefixes ...string) (keys, bytes int64, err error) {
	e, err := c.etcd()
	if err != nil {
		return 0, 0, err
	}
	defer e.Close()
	for _, prefix := range prefixes {
		r, err := e.Get(ctx, prefix, clientv3.WithPrefix())
		if err != nil {
			return 0, 0, fmt.Errorf("bench: etcd: %w", err)
		}
		keys += r.Count
		for _, kv := range r.Kvs {
			bytes += int64(len(kv.Key) + len(kv.Value))
		}
	}
	return keys, bytes, nil
}

func revision(ctx context.Context, e *clientv3.Client) (int64, error) {
	r, err := e.Get(ctx, "/weft/leader")
	if err != nil {
		return 0, fmt.Errorf("bench: etcd: %w", err)
	}
	return r.Header.Revision, nil
}

// keysBetween counts the keys written after one revision up to another.
func keysBetween(ctx context.Context, e *clientv3.Client, from, to int64) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if from == to {
		return 0, nil
	}
	for r := range e.Watch(ctx, "/weft/", clientv3.WithPrefix(), clientv3.WithRev(from+1)) {
		if err := r.Err(); err != nil {
			return 0, fmt.Errorf("bench: etcd: %w", err)
		}
		for _, ev := range r.Events {
			if ev.Kv.ModRevision > to {
				return n, nil
			}
			if slices.ContainsFunc(counts, func(p string) bool { return bytes.HasPrefix(ev.Kv.Key, []byte(p)) }) {
				n++
			}
		}
		if r.Header.Revision >= to && len(r.Events) > 0 && r.Events[len(r.Events)-1].Kv.ModRevision >= to {
			return n, nil
		}
	}
	return 0, fmt.Errorf("bench: etcd does not tell revisions %d to %d: %w", from, to, ctx.Err())
}

// giveKeys gives the middle one of counts, of weft.
func (c *cloud) giveKeys(name string, all ...int) {
	if c.s.Backend.Name() != "weft" || len(all) == 0 {
		return
	}
	all = slices.Sorted(slices.Values(all))
	c.give(name, &figure{float64(all[len(all)/2]), "keys"})
}
