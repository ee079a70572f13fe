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
	"github.com/weft-sdn/weft/store/leader"
)

// leading is a northd's part in the databases: they are open, all that is
// computed from them is there, and once a term is won it is this northd's to
// write. Until then it stands by: standby.go.
type leading struct {
	cfg    *Config
	log    *slog.Logger
	etcd   *clientv3.Client
	tenure *tenure
	nb     *store.DB
	sb     *store.DB
	board  *board
	// elsewhere has the newest term that is not this northd's.
	elsewhere <-chan otherTerm
	rank      func(rank) error            // called with what clients are to know; the first time they are let in
	lead      func(*leader.Term) error    // called when this northd begins its term
	silence   func() time.Duration        // since etcd answered
	saw       func(*clientv3.Event)       // called with what a watch told
	sure      func(context.Context) error // fails where etcd was put back since it was read

	// The fields below belong to run.
	compiler   *northd.Compiler
	agents     *agents
	owners     *owners
	out        *output
	progress   progress
	writeback  *writeback
	nbRev      int64                        // newest northbound revision that was fed
	nbCfg      int64                        // NB_Global.nb_cfg as of nbRev
	cfgAt      int64                        // when nb_cfg was seen, ms
	refused    func()                       // called when etcd did not take what was compiled
	sick       func()                       // called when what is computed is found to be wrong
	presented  map[rowID]bool               // rows that agents or records changed, since the compiler was told
	given      map[rowID]bool               // rows of which there are records: see records.go
	leftOut    map[rowID]bool               // rows that agents wrote and that break a rule
	claims     map[schema.UUID]northd.Claim // what the compiler was told
	told       sb.Compiled                  // what NB_Global was told
	identified *nb.NBGlobal                 // that has the options that identify gives it
	marked     bool                         // the mark in etcd is of a finished write
	endpoints  []string                     // etcd's, for agents that ask the Southbound database

	leads bool // what is compiled is written
	warm  bool // everything was compiled
	// What a standby has learned and the compiler was not told.
	in      northd.Input
	numbers map[schema.UUID]schema.Row // rows that hold numbers; nil: gone
	kept    map[*schema.Table]bool     // those with such rows
	follows bool                       // it is known from which term on
	front   rank                       // what the clients of a standby were told, if it has any
}

const (
	// retryDelay is the pause after etcd refused what was compiled.
	retryDelay = 100 * time.Millisecond
	// feedQueue is how many commits may wait while everything is compiled.
	feedQueue = 100000
)

// run follows, and leads when a term is won, until ctx ends or a feed breaks.
func (l *leading) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &feeds{nb: l.nb.Subscribe(feedQueue), sb: l.sb.Subscribe(feedQueue), batches: make(chan keyBatch)}
	defer func() { f.nb.Close(); f.sb.Close() }()
	for i, prefix := range []string{sb.ChassisPrefix, sb.StatusPrefix} {
		go follow(ctx, l.etcd, &f.streams[i], prefix, f.batches, l.saw, l.log)
	}
	go l.writeback.run(ctx)
	l.compiler.Follow()
	term, err := l.standBy(ctx, f)
	if err != nil {
		return err
	}
	if err := l.takeOver(ctx, f, term); err != nil {
		return err
	}
	return l.govern(ctx, f)
}

// govern leads: it feeds the compiler and writes.
func (l *leading) govern(ctx context.Context, f *feeds) error {
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-retry.C:
		case b := <-f.batches:
			l.hear(b)
		case <-f.nb.Ready():
			if err := l.takeNB(f); err != nil {
				return err
			}
		case <-f.sb.Ready():
			commits, err := f.sb.Take()
			if errors.Is(err, store.ErrResync) {
				f.sb = l.sb.Subscribe(feedQueue) // deletions of an agent's rows are asked for again
				l.out.add(l.sb.Schema(), l.compiler.Everything())
				l.out.whole = true
				l.readRecords()
				break
			}
			if err != nil {
				return err
			}
			l.expel(ctx, commits)
			l.noticeRecords(commits)
			if !l.mend(commits) && len(l.presented) == 0 {
				continue
			}
		}
		if err := l.step(ctx, l.input()); err != nil {
			l.failed(err)
			retry.Reset(retryDelay)
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
		if l.leads {
			if err := l.commit(ctx); err != nil {
				return err
			}
			if err := l.present(ctx); err != nil {
				return err
			}
			if err := l.identify(ctx); err != nil {
				return err
			}
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
	l.warm = true
	if l.leads { // else it is the leader's to write
		l.out.add(l.sb.Schema(), out)
	}
	l.writeback.put(out.NB)
	l.writeback.withdraw(out.Met)
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
		if l.compiler.Reads(id.table.Name) {
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
