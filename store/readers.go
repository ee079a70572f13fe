package store

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// Readers are the places of those that look through databases on behalf of
// clients, outside the goroutines that write. However many clients ask, no more
// of them compute at a time than there are places, so that writers find a
// processor that is free; and while something is on its way to etcd they rest
// longer than they compute, for etcd may share the machine.
type Readers struct {
	places  chan struct{}
	writing atomic.Int32 // transactions that etcd has been asked for
}

// NewReaders makes n places; 0 means one for each processor but one, which is
// the writers', and at least one.
func NewReaders(n int) *Readers {
	if n <= 0 {
		n = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &Readers{places: make(chan struct{}, n)}
}

const (
	// turnRows is after how many rows a reader lets others have its place.
	turnRows = 64
	// turnIdle is how often a reader that waits for its turn calls idle.
	turnIdle = time.Second
	// While something is written a reader rests restShare times as long as it
	// computed, and at most maxRest at a time.
	restShare = 12
	maxRest   = 4 * time.Millisecond
)

// Turn is the use of a place by one goroutine. Its methods may be called by
// that goroutine alone.
type Turn struct {
	readers *Readers
	ctx     context.Context
	idle    func() error
	rows    int
	has     bool
	since   time.Time // when it got its place
}

// Begin waits for a place. idle, if set, is called now and then while rows are
// looked at or a place is waited for, by whoever calls Begin, Step or Resume,
// and without holding a place; its error ends the turn. Where Begin returns an
// error there is nothing to end.
func (r *Readers) Begin(ctx context.Context, idle func() error) (*Turn, error) {
	t := &Turn{readers: r, ctx: ctx, idle: idle}
	return t, t.Resume()
}

// Step counts a row that was looked at. Its error says that the turn is over.
// Hot path: called for every row, mostly an addition.
func (t *Turn) Step() error {
	if t.rows++; t.rows%turnRows != 0 {
		return nil
	}
	worked := time.Since(t.since)
	t.Pause()
	if t.readers.writing.Load() > 0 {
		time.Sleep(min(restShare*worked, maxRest))
	} else {
		runtime.Gosched() // a writer that could run would wait for 10 ms otherwise
	}
	if t.idle != nil {
		if err := t.idle(); err != nil {
			return err
		}
	}
	return t.Resume()
}

// Pause gives the place to others, until Resume.
func (t *Turn) Pause() {
	if t.has {
		t.has = false
		<-t.readers.places
	}
}

// take takes a place that was got. Who has gone away meanwhile leaves it to others.
func (t *Turn) take() error {
	t.has, t.since = true, time.Now()
	err := t.ctx.Err()
	if err != nil {
		t.Pause()
	}
	return err
}

// Resume waits for a place again. Where it returns an error there is none.
func (t *Turn) Resume() error {
	if t.has {
		return nil
	}
	select {
	case t.readers.places <- struct{}{}:
		return t.take()
	default:
	}
	tick := time.NewTicker(turnIdle)
	defer tick.Stop()
	for {
		select {
		case t.readers.places <- struct{}{}:
			return t.take()
		case <-tick.C:
			if t.idle == nil {
				continue
			}
			if err := t.idle(); err != nil {
				return err
			}
		case <-t.ctx.Done():
			return t.ctx.Err()
		}
	}
}

// End gives the place back for good.
func (t *Turn) End() { t.Pause() }
