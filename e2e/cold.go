package e2e

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sys/unix"
)

// EmptySouthbound stops northd and empties the Southbound database. It returns
// a function that starts northd again; for measuring its cold start. No
// hypervisors may be there.
func (s *Sandbox) EmptySouthbound(ctx context.Context) (func() error, error) {
	d, err := s.daemon("northd")
	if err != nil {
		return nil, err
	}
	if err := d.halt(unix.SIGTERM); err != nil {
		return nil, err
	}
	return d.up, s.Backend.emptySouthbound(ctx, s)
}

func (Weft) emptySouthbound(ctx context.Context, s *Sandbox) error {
	c, err := dialEtcd(s)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Delete(ctx, "/weft/sb/", clientv3.WithPrefix()); err != nil {
		return fmt.Errorf("e2e: etcd: %w", err)
	}
	return nil
}

func (OVN) emptySouthbound(_ context.Context, s *Sandbox) error {
	d, err := s.daemon("sb-ovsdb")
	if err != nil {
		return err
	}
	if err := d.halt(unix.SIGTERM); err != nil {
		return err
	}
	ns, dir := s.ns("fab"), s.Dir
	if _, err := s.toolAt(ns, dir, "rm", dir+"/sb.db"); err != nil {
		return err
	}
	if _, err := s.toolAt(ns, dir, "ovsdb-tool", "create", dir+"/sb.db", "/usr/share/ovn/ovn-sb.ovsschema"); err != nil {
		return err
	}
	if err := d.up(); err != nil {
		return err
	}
	return s.listenSouthbound()
}
