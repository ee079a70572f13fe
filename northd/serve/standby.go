package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
	"github.com/weft-sdn/weft/store/leader"
)

const (
	// contactPause is how often a standby looks whether etcd answers, and silence
	// how long it may not until clients are told to go elsewhere.
	contactPause = time.Second
	silence      = 5 * time.Second
	// catchUpPause and catchUpTime are the same of one that takes over.
	catchUpPause = 20 * time.Millisecond
	catchUpTime  = 10 * time.Second
)

// feeds are what comes in.
type feeds struct {
	nb, sb  *store.Subscription
	batches chan keyBatch
	streams [2]store.Stream // of the watches that batches come from
}

// rank is what clients are told in _Server.
type rank struct {
	leads     bool
	connected bool
	term      int64 // the newest that the databases have seen the beginning of
	index     int64 // what clients are told of it
}

// standBy follows whoever leads: it serves readers and keeps everything
// computed, until a term is won.
func (l *leading) standBy(ctx context.Context, f *feeds) (*leader.Term, error) {
	if err := l.learnAgents(ctx, f); err != nil {
		return nil, err
	}
	l.gather(f)
	tick, retry := time.NewTicker(contactPause), time.NewTimer(time.Hour)
	defer tick.Stop()
	defer retry.Stop()
	reached := make(chan otherTerm)
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case term := <-l.tenure.won:
			return term, nil
		case of := <-l.elsewhere:
			go l.reach(ctx, of, reached)
			continue
		case of := <-reached:
			l.follows = true
			if of.self && l.front.term == 0 {
				break // nobody is there for those who write: they come back when this one leads
			}
			if err := l.serveReaders(ctx, of.term); err != nil {
				return nil, err
			}
		case <-tick.C:
			l.contact()
			continue
		case <-retry.C:
		case b := <-f.batches:
			if l.hear(b); len(b.events) == 0 && !b.whole {
				continue
			}
		case <-f.nb.Ready():
			if err := l.takeNB(f); err != nil {
				return nil, err
			}
		case <-f.sb.Ready():
			if err := l.takeSB(f); err != nil {
				return nil, err
			}
		}
		if !l.follows {
			continue // it is not known yet whether somebody leads whom to follow
		}
		if err := l.step(ctx, l.input()); err != nil {
			l.failed(err)
			retry.Reset(retryDelay)
		}
	}
}

// learnAgents reads all that agents have written, and presents it: no claim is
// to be taken for gone.
func (l *leading) learnAgents(ctx context.Context, f *feeds) error {
	for whole := 0; whole < 2; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-f.batches:
			l.hear(b)
			if b.whole {
				whole++
			}
		}
	}
	for id := range l.agents.records {
		l.presented[id] = true
	}
	l.readRecords()
	return l.present(ctx)
}

// gather makes everything that there is the next input.
func (l *leading) gather(f *feeds) {
	for _, name := range l.compiler.KeptTables() {
		l.kept[l.sb.Schema().Table(name)] = true
		for row := range f.sb.Snapshot.Rows(name) {
			l.numbers[row.RowUUID()] = row
		}
	}
	l.restore()
	for _, t := range nb.Schema().Tables {
		for row := range f.nb.Snapshot.Rows(t.Name) {
			l.in.NB = append(l.in.NB, northd.Change{Table: t.Name, UUID: row.RowUUID(), New: row})
			l.global(row)
		}
	}
	l.nbRev = f.nb.Snapshot.Rev
}

// input is what was gathered since the last call.
func (l *leading) input() northd.Input {
	in := l.in
	for id, row := range l.numbers {
		if row == nil {
			in.Lost = append(in.Lost, id)
		} else {
			in.Kept = append(in.Kept, row)
		}
	}
	l.in = northd.Input{}
	clear(l.numbers)
	return in
}

// hear takes what agents wrote.
func (l *leading) hear(b keyBatch) {
	l.agents.apply(b)
}

func (l *leading) takeNB(f *feeds) error {
	commits, err := f.nb.Take()
	if errors.Is(err, store.ErrResync) {
		return fmt.Errorf("serve: the compiler fell behind the northbound database: %w", err)
	}
	l.feed(&l.in, commits)
	return err
}

// takeSB takes what the leader wrote: the numbers that it gave out, rows that
// agents have claimed already, and how far it is.
func (l *leading) takeSB(f *feeds) error {
	commits, err := f.sb.Take()
	if errors.Is(err, store.ErrResync) {
		return fmt.Errorf("serve: the compiler fell behind the southbound database: %w", err)
	}
	l.noticeRecords(commits)
	for _, c := range commits {
		if c.Client == store.Presenter {
			continue
		}
		for _, ch := range c.Changes {
			if l.kept[ch.Table] {
				l.numbers[ch.UUID] = ch.New
			}
		}
		l.touchClaimed(c.Changes)
		for _, b := range c.Blobs {
			if b.Path == sb.CompiledPath {
				l.follow(b.New)
			}
		}
	}
	return err
}

// follow takes the leader's mark of what it has compiled.
func (l *leading) follow(mark []byte) {
	var m sb.Compiled
	if err := json.Unmarshal(mark, &m); err == nil && !m.Partial {
		l.progress.compiled = m
	}
}

// reach tells when both databases have seen the beginning of somebody's term.
func (l *leading) reach(ctx context.Context, of otherTerm, reached chan<- otherTerm) {
	for ctx.Err() == nil {
		if errors.Join(l.nb.CatchUp(ctx), l.sb.CatchUp(ctx)) == nil {
			send(ctx, reached, of)
			return
		}
		select { // etcd does not answer
		case <-ctx.Done():
		case <-time.After(rereadDelay):
		}
	}
}

// serveReaders lets clients in, who may read: somebody else leads.
func (l *leading) serveReaders(ctx context.Context, term int64) error {
	first := l.front.term == 0
	l.front.connected, l.front.term = true, max(l.front.term, term)
	if !first {
		return l.rank(l.front)
	}
	l.told = sb.Compiled{}
	l.tell()
	if err := l.writeback.flushGlobal(ctx); err != nil {
		return fmt.Errorf("serve: tell how far intent has come: %w", err)
	}
	return l.rank(l.front)
}

// contact tells clients whether etcd answers.
func (l *leading) contact() {
	if connected := l.silence() < silence; l.front.term != 0 && connected != l.front.connected {
		l.front.connected = connected
		if err := l.rank(l.front); err != nil {
			l.log.Error("cannot tell clients how this server is", "err", err)
		}
	}
}

// takeOver makes a standby the leader: it learns all that the one before it
// wrote, and writes what differs from that.
func (l *leading) takeOver(ctx context.Context, f *feeds, term *leader.Term) error {
	start := l.cfg.Now()
	if err := l.catchUp(ctx, f, term.Rev()); err != nil {
		return err
	}
	if err := l.sure(ctx); err != nil {
		return err
	}
	if err := l.lead(term); err != nil {
		return err
	}
	l.leads, l.told = true, sb.Compiled{}
	l.restore()
	for row := range l.nb.Rows("NB_Global") {
		l.global(row)
	}
	l.compiler.Lead()
	warm := l.warm
	if warm {
		l.out.add(l.sb.Schema(), l.compiler.Everything())
	}
	for {
		err := l.step(ctx, l.input())
		if err == nil {
			break
		}
		l.failed(err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryDelay):
		}
	}
	// Before anybody can look: what a leader before told is not taken back.
	if err := l.writeback.flushGlobal(ctx); err != nil {
		return fmt.Errorf("serve: tell how far intent has come: %w", err)
	}
	l.writeback.lead()
	l.log.Info("leading", "term", term.Rev(), "warm", warm, "took", l.cfg.Now().Sub(start).Round(time.Millisecond))
	return l.rank(rank{leads: true, connected: true, term: term.Rev()})
}

// catchUp returns when all that was written before a revision has come in.
func (l *leading) catchUp(ctx context.Context, f *feeds, rev int64) error {
	caught := make(chan error, 2)
	for _, db := range []*store.DB{l.nb, l.sb} {
		go func() { caught <- db.CatchUp(ctx) }()
	}
	tick, late := time.NewTicker(catchUpPause), time.NewTimer(catchUpTime)
	defer tick.Stop()
	defer late.Stop()
	for left := 2; left > 0 || l.agents.view() < rev; {
		select {
		case err := <-caught:
			if left--; err != nil {
				return err
			}
		case b := <-f.batches:
			l.hear(b)
		case <-tick.C:
			for i := range f.streams {
				f.streams[i].Ask(ctx, l.etcd)
			}
		case <-late.C:
			return errors.New("serve: etcd does not tell what agents have written")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := l.takeNB(f); err != nil {
		return err
	}
	return l.takeSB(f)
}
