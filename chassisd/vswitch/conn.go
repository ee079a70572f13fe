package vswitch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// ErrNotConnected is returned by writes while the database is away.
var ErrNotConnected = errors.New("vswitch: not connected to the Open_vSwitch database")

// Config says where the database is.
type Config struct {
	// Target is an OVSDB address, "unix:/run/openvswitch/db.sock".
	Target string
	Log    *slog.Logger
	// MaxBackoff bounds the pause between attempts to connect; 0 is 2 s.
	MaxBackoff time.Duration
	// Probe is how often an idle connection is probed; 0 is 5 s.
	Probe time.Duration
}

// Conn keeps a connection to the local database.
type Conn struct {
	cfg Config
	out chan Changes

	// mirror holds the rows as last told, by table and uuid. Run owns it.
	mirror map[string]map[string]model.Model

	mu     sync.Mutex
	client client.Client // nil while not connected
}

// New makes a Conn; Run works it.
func New(cfg Config) *Conn {
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = 2 * time.Second
	}
	if cfg.Probe == 0 {
		cfg.Probe = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Conn{
		cfg: cfg,
		out: make(chan Changes),
		mirror: map[string]map[string]model.Model{
			tableOpen: {}, tableBr: {}, tablePort: {}, tableIface: {}, tableCollSets: {},
		},
	}
}

// Changes is the feed. What is not received yet is merged into one value.
func (c *Conn) Changes() <-chan Changes { return c.out }

// Run connects, follows the database and connects again whenever that ends,
// until ctx does.
func (c *Conn) Run(ctx context.Context) error {
	backoff := 50 * time.Millisecond
	var pending *Changes
	synced := false
	for {
		start := time.Now()
		err := c.session(ctx, &pending, &synced)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.cfg.Log.Warn("open_vswitch database lost", "target", c.cfg.Target, "err", err)
		if time.Since(start) > 10*time.Second {
			backoff = 50 * time.Millisecond
		}
		pending = merge(pending, Changes{Err: err, Synced: synced})
		if err := c.idle(ctx, &pending, backoff); err != nil {
			return err
		}
		backoff = min(2*backoff, c.cfg.MaxBackoff)
	}
}

// idle offers pending changes for d.
func (c *Conn) idle(ctx context.Context, pending **Changes, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		out, next := c.offer(*pending)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		case out <- next:
			*pending = nil
		}
	}
}

// offer returns the channel to send on, nil when there is nothing to send.
func (c *Conn) offer(pending *Changes) (chan<- Changes, Changes) {
	if pending == nil {
		return nil, Changes{}
	}
	return c.out, *pending
}

// session is one connection's life.
func (c *Conn) session(ctx context.Context, pending **Changes, synced *bool) error {
	cl, dirty, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		c.mu.Lock()
		c.client = nil
		c.mu.Unlock()
		cl.Close()
	}()
	gone := make(chan struct{})
	sessionCtx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(gone)
		select {
		case <-cl.DisconnectNotify():
		case <-sessionCtx.Done():
		}
	}()

	tables := cl.Cache()
	if tables == nil {
		return ErrNotConnected
	}
	first := Changes{Connected: true, Synced: true}
	c.reread(tables, &first)
	*synced = true
	*pending = merge(*pending, first)
	c.cfg.Log.Info("open_vswitch database connected", "target", c.cfg.Target)

	probe := time.NewTicker(c.cfg.Probe)
	defer probe.Stop()
	for {
		out, next := c.offer(*pending)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-gone:
			return ErrNotConnected
		case <-dirty.wake:
			ch := Changes{Connected: true, Synced: true}
			if c.refresh(tables, dirty.take(), &ch) {
				*pending = merge(*pending, ch)
			}
		case out <- next:
			*pending = nil
		case <-probe.C:
			if err := echo(ctx, cl, c.cfg.Probe); err != nil {
				return err
			}
		}
	}
}

func echo(ctx context.Context, cl client.Client, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if err := cl.Echo(ctx); err != nil {
		return fmt.Errorf("vswitch: probe: %w", err)
	}
	return nil
}

// connect opens a client and has it monitor our columns.
func (c *Conn) connect(ctx context.Context) (client.Client, *dirtySet, error) {
	m, err := clientModel()
	if err != nil {
		return nil, nil, err
	}
	cl, err := client.NewOVSDBClient(m, client.WithEndpoint(c.cfg.Target))
	if err != nil {
		return nil, nil, fmt.Errorf("vswitch: %s: %w", c.cfg.Target, err)
	}
	cctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := cl.Connect(cctx); err != nil {
		cl.Close()
		return nil, nil, fmt.Errorf("vswitch: %w", err)
	}
	dirty := newDirtySet()
	cl.Cache().AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc:    func(table string, m model.Model) { dirty.add(table, rowUUID(m)) },
		UpdateFunc: func(table string, _, m model.Model) { dirty.add(table, rowUUID(m)) },
		DeleteFunc: func(table string, m model.Model) { dirty.add(table, rowUUID(m)) },
	})
	mon := cl.NewMonitor(
		client.WithTable(&OpenvSwitch{}), client.WithTable(&Bridge{}),
		client.WithTable(&Port{}), client.WithTable(&Interface{}), client.WithTable(&CollectorSet{}))
	for i := range mon.Tables {
		mon.Tables[i].Fields = columns(mon.Tables[i].Table)
	}
	mon.Method = ovsdb.ConditionalMonitorRPC
	if _, err := cl.Monitor(cctx, mon); err != nil {
		cl.Close()
		return nil, nil, fmt.Errorf("vswitch: monitor: %w", err)
	}
	c.mu.Lock()
	c.client = cl
	c.mu.Unlock()
	return cl, dirty, nil
}

func (c *Conn) current() (client.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return nil, ErrNotConnected
	}
	return c.client, nil
}
