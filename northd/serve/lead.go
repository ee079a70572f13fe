package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// leading is one term as leader: the open databases and all that is computed
// from them.
type leading struct {
	cfg   *Config
	log   *slog.Logger
	etcd  *clientv3.Client
	guard func() clientv3.Cmp
	nb    *store.DB
	sb    *store.DB
	board *board

	// The fields below belong to run.
	compiler  *northd.Compiler
	agents    *agents
	owners    *owners
	out       *output
	progress  progress
	writeback *writeback
	nbRev     int64                        // newest northbound revision that was fed
	nbCfg     int64                        // NB_Global.nb_cfg as of nbRev
	cfgAt     int64                        // when nb_cfg was seen, ms
	ready     func() error                 // called when everything that there is was compiled
	refused   func()                       // called when etcd did not take what was compiled
	sick      func()                       // called when what is computed is found to be wrong
	presented map[rowID]bool               // rows that agents changed, since the compiler was told
	leftOut   map[rowID]bool               // rows that agents wrote and that break a rule
	claims    map[schema.UUID]northd.Claim // what the compiler was told
	told      sb.Compiled                  // what NB_Global was told
	marked    bool                         // the mark in etcd is of a finished write
	endpoints []string                     // etcd's, for agents that ask the Southbound database
}

// retryDelay is the pause after etcd refused what was compiled.
const retryDelay = 100 * time.Millisecond

// run feeds and writes until ctx ends or a feed breaks.
func (l *leading) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan keyBatch)
	go follow(ctx, l.etcd, sb.ChassisPrefix, batches, l.log)
	go follow(ctx, l.etcd, sb.StatusPrefix, batches, l.log)

	northbound, southbound := l.nb.Subscribe(0), l.sb.Subscribe(0)
	defer func() { northbound.Close(); southbound.Close() }()
	if err := l.first(ctx, northbound.Snapshot, batches); err != nil {
		return err
	}
	// Before anybody can look: what a leader before told is not taken back.
	if err := l.writeback.flushGlobal(ctx); err != nil {
		return fmt.Errorf("serve: tell how far intent has come: %w", err)
	}
	go l.writeback.run(ctx)
	if err := l.ready(); err != nil {
		return err
	}
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		var in northd.Input
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-retry.C:
		case b := <-batches:
			l.agents.apply(b)
		case <-northbound.Ready():
			commits, err := northbound.Take()
			if errors.Is(err, store.ErrResync) {
				return fmt.Errorf("serve: the compiler fell behind the northbound database: %w", err)
			}
			if err != nil {
				return err
			}
			l.feed(&in, commits)
		case <-southbound.Ready():
			commits, err := southbound.Take()
			if errors.Is(err, store.ErrResync) {
				southbound = l.sb.Subscribe(0) // deletions of an agent's rows are asked for again
				l.out.add(l.sb.Schema(), l.compiler.Everything())
				l.out.whole = true
				break
			}
			if err != nil {
				return err
			}
			l.expel(ctx, commits)
			if !l.mend(commits) {
				continue
			}
		}
		if err := l.step(ctx, in); err != nil {
			l.failed(err)
			retry.Reset(retryDelay)
		}
	}
}

// first compiles everything: the agents' keys must be known before, so that
// no claim is taken for gone.
func (l *leading) first(ctx context.Context, snap *store.Snapshot, batches <-chan keyBatch) error {
	for whole := 0; whole < 2; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-batches:
			l.agents.apply(b)
			if b.whole {
				whole++
			}
		}
	}
	l.restore()
	var in northd.Input
	southbound := l.sb.Snapshot()
	for _, table := range l.compiler.KeptTables() {
		for row := range southbound.Rows(table) {
			in.Kept = append(in.Kept, row)
		}
	}
	for id := range l.agents.records {
		l.presented[id] = true
	}
	for _, t := range nb.Schema().Tables {
		for row := range snap.Rows(t.Name) {
			in.NB = append(in.NB, northd.Change{Table: t.Name, UUID: row.RowUUID(), New: row})
			l.global(row)
		}
	}
	l.nbRev = snap.Rev
	for {
		err := l.step(ctx, in)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		in = northd.Input{} // the compiler has it; writing is what failed
		l.failed(err)
		select {
		case <-ctx.Done():
		case <-time.After(retryDelay):
		}
	}
}

// failed reports that what was compiled is not written.
func (l *leading) failed(err error) {
	l.board.fail("compiler", err)
	l.log.Warn("cannot write what was compiled, will try again", "err", err)
	l.refused()
}

// feed turns northbound commits into the compiler's input.
func (l *leading) feed(in *northd.Input, commits []*store.Commit) {
	for _, c := range commits {
		l.nbRev = max(l.nbRev, c.Rev)
		for _, ch := range c.Changes {
			in.NB = append(in.NB, northd.Change{Table: ch.Table.Name, UUID: ch.UUID, Old: ch.Old, New: ch.New})
			l.global(ch.New)
		}
	}
}

// global notes nb_cfg where row is the one of NB_Global.
func (l *leading) global(row schema.Row) {
	g, ok := row.(*nb.NBGlobal)
	if !ok {
		return
	}
	if g.NBCfg != l.nbCfg || l.cfgAt == 0 {
		l.nbCfg, l.cfgAt = g.NBCfg, l.cfg.Now().UnixMilli()
	}
}

// step computes and writes one change from end to end, and what follows from
// it: a port that is written now may have been claimed before.
func (l *leading) step(ctx context.Context, in northd.Input) error {
	for {
		err := l.present(ctx)
		l.placement(&in)
		l.compile(in) // in any case: the feed tells a change only once
		if err != nil {
			return err
		}
		if err := l.commit(ctx); err != nil {
			return err
		}
		if err := l.present(ctx); err != nil {
			return err
		}
		l.tell()
		if len(l.presented) == 0 {
			return nil
		}
		in = northd.Input{}
	}
}

// compile feeds the compiler; what it makes is pending in l.out and with
// l.writeback.
func (l *leading) compile(in northd.Input) {
	start := l.cfg.Now()
	out := l.compiler.Apply(in)
	l.board.compiled(l.nbRev, l.cfg.Now().Sub(start))
	for _, p := range out.Problems {
		l.log.Warn("a row cannot be compiled as it stands", "table", p.Table, "uuid", p.UUID, "name", p.Name, "column", p.Column, "reason", p.Reason)
	}
	for _, p := range out.Solved {
		l.log.Info("a row's problem is gone", "table", p.Table, "uuid", p.UUID, "name", p.Name, "column", p.Column)
	}
	l.board.problems(l.compiler.Problems(), l.compiler.Unread())
	l.out.add(l.sb.Schema(), out)
	var changes []store.Change
	for _, c := range out.NB {
		changes = append(changes, store.Change{Table: l.nb.Schema().Table(c.Table), UUID: c.UUID, Old: c.Old, New: c.New})
	}
	l.writeback.put(changes)
	l.check()
}

// check compares with a compilation from nothing, where it is asked for.
func (l *leading) check() {
	if !l.cfg.Check {
		return
	}
	if err := l.compiler.Check(); err != nil {
		l.log.Error("incremental differs from full", "err", err)
		l.sick()
		l.board.poison("compiler", fmt.Errorf("incremental differs from full: %w", err))
	}
}

// placement tells the compiler what agents wrote: their rows, and the ports
// that moved.
func (l *leading) placement(in *northd.Input) {
	in.Claims = map[schema.UUID]*northd.Claim{}
	snap := l.sb.Snapshot()
	for id := range l.presented {
		if id.table.Owner == schema.OwnerChassis {
			in.SB = append(in.SB, northd.Change{Table: id.table.Name, UUID: id.uuid, New: snap.Get(id.table.Name, id.uuid)})
		}
		if id.table.Name == "Port_Binding" {
			if claim := claimOf(snap, id.uuid); claim != l.claims[id.uuid] {
				l.claims[id.uuid] = claim
				in.Claims[id.uuid] = &claim
				if claim == (northd.Claim{}) {
					delete(l.claims, id.uuid)
					in.Claims[id.uuid] = nil
				}
			}
		}
	}
	clear(l.presented)
}

// claimOf reads from a port's row where it lives; the zero Claim is nowhere.
func claimOf(snap *store.Snapshot, id schema.UUID) northd.Claim {
	p, ok := snap.Get("Port_Binding", id).(*sb.PortBinding)
	if !ok || p.Chassis == nil {
		return northd.Claim{}
	}
	c, ok := snap.Get("Chassis", *p.Chassis).(*sb.Chassis)
	if !ok {
		return northd.Claim{}
	}
	return northd.Claim{Chassis: c.Name, Up: p.Up != nil && *p.Up}
}

// tell writes back northbound what is known now.
func (l *leading) tell() {
	registered := l.agents.registered()
	before := l.progress
	hv := l.progress.advance(l.agents.status, registered)
	l.board.agents(len(registered), hv, l.progress.behind(l.agents.status, registered), len(l.agents.bad), l.agents.hidden)
	if before.hv != hv || l.told != l.progress.compiled {
		l.told = l.progress.compiled
		sbCfg, seen, now := l.progress.compiled.NBCfg, l.cfgAt, l.cfg.Now().UnixMilli()
		l.writeback.setGlobal(func(g *nb.NBGlobal) {
			if g.NBCfg == sbCfg {
				g.NBCfgTimestamp = seen
			}
			if g.SBCfg != sbCfg || g.SBCfgTimestamp == 0 && sbCfg != 0 {
				g.SBCfg, g.SBCfgTimestamp = sbCfg, now
			}
			if g.HVCfg != hv || g.HVCfgTimestamp == 0 && hv != 0 {
				g.HVCfg, g.HVCfgTimestamp = hv, now
			}
		})
	}
}
