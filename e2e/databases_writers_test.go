package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// truth is what has to be there, may be there and must not: names of switches,
// and addresses of sets as "SET ADDRESS".
type truth struct {
	mu     sync.Mutex
	things map[string]state
}

type state int

const (
	absent state = iota
	present
	either
)

func newTruth() *truth { return &truth{things: map[string]state{}} }

func (t *truth) set(name string, s state) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.things[name] = s
}

func (t *truth) get(name string) state {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.things[name]
}

func (t *truth) clone() *truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &truth{things: maps.Clone(t.things)}
}

// restore goes back: what there was not yet must not be there.
func (t *truth) restore(old *truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.things {
		t.things[name] = old.things[name]
	}
}

// writer is a client that writes one transaction after another.
type writer struct {
	x    *databases
	n    int
	r    *rand.Rand
	conn *dbConn
	at   int // which northd it tries
	made int
	own  []string // switches that are there
}

func (w *writer) leave() {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
}

// transact runs a transaction where it can.
func (w *writer) transact(ops ...any) (outcome, error) {
	if w.conn == nil {
		w.at++
		d, err := dialDB(context.Background(), w.x.sock(w.x.nodes[w.at%2].name, "nb"))
		if err != nil {
			return refused, err
		}
		if !d.leads("OVN_Northbound") {
			d.close()
			return refused, errElsewhere
		}
		w.conn = d
	}
	o, err := w.conn.transact(ops...)
	if err != nil {
		w.leave()
	}
	return o, err
}

func (w *writer) run(ctx context.Context) {
	defer w.leave()
	set := fmt.Sprintf("set%d", w.n)
	for ctx.Err() == nil {
		w.x.calm.RLock()
		w.one(set)
		w.x.calm.RUnlock()
		time.Sleep(time.Duration(w.r.IntN(10)) * time.Millisecond) // a client's own pace
	}
}

// one is a transaction: a switch made or deleted, or an address into the set.
func (w *writer) one(set string) {
	x := w.x
	after := func(name string, wanted state, o outcome) {
		switch o {
		case done:
			x.truth.set(name, wanted)
		case unknown:
			x.truth.set(name, either)
		}
	}
	w.made++
	switch kind := w.r.IntN(10); {
	case kind < 2 && len(w.own) > 0:
		i := w.r.IntN(len(w.own))
		name := w.own[i]
		w.own = slices.Delete(w.own, i, i+1)
		if x.truth.get(name) == present { // it may have gone with a backup
			o, _ := w.transact(map[string]any{"op": "delete", "table": "Logical_Switch", "where": []any{[]any{"name", "==", name}}})
			after(name, absent, o)
		}
	case kind < 5:
		address := fmt.Sprintf("10.%d.%d.%d", w.n, w.made>>8, w.made&255)
		// Whatever is there: the set is made anew where it has gone.
		o, _ := w.transact(
			map[string]any{"op": "wait", "table": "Address_Set", "where": []any{[]any{"name", "==", set}}, "columns": []string{"name"}, "until": "==", "rows": []any{map[string]any{"name": set}}, "timeout": 0},
			map[string]any{"op": "mutate", "table": "Address_Set", "where": []any{[]any{"name", "==", set}}, "mutations": []any{[]any{"addresses", "insert", address}}})
		after(set+" "+address, present, o)
		if o == refused && w.conn != nil {
			o, _ = w.transact(map[string]any{"op": "insert", "table": "Address_Set", "row": map[string]any{"name": set, "addresses": address}})
			after(set+" "+address, present, o)
		}
	default:
		name := fmt.Sprintf("w%d-%d", w.n, w.made)
		o, _ := w.transact(map[string]any{"op": "insert", "table": "Logical_Switch", "row": map[string]any{"name": name}})
		after(name, present, o)
		if o == done {
			w.own = append(w.own, name)
		}
	}
}
