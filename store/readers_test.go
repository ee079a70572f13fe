package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// However long a client's select takes, others write meanwhile; and what it
// finds is what was there when its turn came.
func TestReadersHoldNobodyUp(t *testing.T) {
	cfg := sbConfig(testEtcd(t))
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	cfg.Virtual = map[string]Virtual{"Logical_Flow": {Path: "flows/", Expand: func(b Blob, keep bool, yield func(schema.Row) bool) error {
		once.Do(func() { close(reached); <-release })
		return expandLines(b, keep, yield)
	}}}
	db := openDB(t, cfg)
	mustWrite(t, db, Write{Blobs: []BlobChange{{Path: "flows/a/base", New: []byte("one")}}})
	found := make(chan string, 1)
	go func() {
		found <- transact(db, `{"op":"select","table":"Logical_Flow","where":[["match","!=","none"]],"columns":["match"]}`)
	}()
	<-reached
	mustWrite(t, db, Write{Blobs: []BlobChange{{Path: "flows/a/base", New: []byte("two")}}})
	if r := transact(db, `{"op":"insert","table":"SB_Global","row":{}}`); !strings.Contains(r, "uuid") {
		t.Errorf("a write beside a long select: %s", r)
	}
	close(release)
	if r := <-found; r != `[{"rows":[{"match":"one"}]}]` {
		t.Errorf("the select found %s", r)
	}
}

// Whoever goes away while waiting for a place does not keep it.
func TestReaderGoesAway(t *testing.T) {
	r := NewReaders(1)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 20 {
		if turn, err := r.Begin(gone, nil); err == nil {
			t.Fatal("a turn of one who has gone away", turn)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	turn, err := r.Begin(ctx, nil)
	if err != nil {
		t.Fatal("the place is taken: ", err)
	}
	// One waits while another has it, and goes.
	gone, leave = context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() { r.Begin(gone, nil) })
	leave()
	turn.End()
	waiting.Wait()
	if turn, err = r.Begin(ctx, nil); err != nil {
		t.Fatal("the place is taken: ", err)
	}
	turn.End()
}

// A transaction that writes cannot look at rows without end, for others wait.
func TestMaxLooked(t *testing.T) {
	cfg := testConfig(testEtcd(t))
	cfg.MaxLooked = 100
	db := openDB(t, cfg)
	var inserts []string
	for i := range 60 {
		inserts = append(inserts, fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"r%d","i":%d}}`, i, i))
	}
	transact(db, strings.Join(inserts, ","))
	const all, write = `{"op":"select","table":"Root","where":[]}`, `{"op":"mutate","table":"Root","where":[["name","==","r59"]],"mutations":[["i","+=",1]]}`
	if r := transact(db, all+","+write); strings.Contains(r, "error") {
		t.Errorf("within the limit: %s", r)
	}
	if r := transact(db, all+","+all+","+write); !strings.Contains(r, ErrResources) {
		t.Errorf("beyond the limit: %.300s", r)
	}
	if r := transact(db, strings.Repeat(all+",", 10)+all); strings.Contains(r, "error") {
		t.Errorf("one that only reads: %.300s", r)
	}
}

// Those that wait are troubled by changes to what they wait for alone.
func TestWaitersApart(t *testing.T) {
	db := openDB(t, testConfig(testEtcd(t)))
	transact(db, `{"op":"insert","table":"Root","row":{"name":"other"}},{"op":"insert","table":"Root","row":{"name":"some","i":1}}`)
	var some schema.UUID
	for row := range db.Rows("Root") {
		if row.(*Root).Name == "some" {
			some = row.RowUUID()
		}
	}
	var tries atomic.Int64
	waiting := make(chan struct{}, 1000)
	var group sync.WaitGroup
	begin := func(where string, i int) {
		ops := rawOps(fmt.Sprintf(`{"op":"wait","table":"Root","where":[%s],"columns":["i"],"until":"==","rows":[{"i":%d}]}`, where, i))
		group.Go(func() {
			client := Client{Waits: func() { tries.Add(1); waiting <- struct{}{} }}
			if r, _ := db.Transact(t.Context(), client, ops); text(r) != `[{}]` {
				t.Errorf("wait for %s: %s", where, text(r))
			}
		})
	}
	const n = 50
	for i := range n {
		begin(fmt.Sprintf(`["name","==","r%d"]`, i), 7)                     // a place in an index
		begin(fmt.Sprintf(`["_uuid","==",["uuid","%s"]]`, some), 7)         // a row
		begin(fmt.Sprintf(`["i",">",%d],["name","includes","some"]`, 5), 7) // rows that match
	}
	for range 3 * n {
		<-waiting
	}
	// In the same loop as the waits: once this is answered, they all are where
	// they belong.
	transact(db, `{"op":"update","table":"Root","where":[["name","==","other"]],"row":{"i":2}}`)
	transact(db, `{"op":"update","table":"Root","where":[["name","==","other"]],"row":{"i":3}}`)
	if got := tries.Load(); got != 3*n {
		t.Errorf("%d tries of %d waits after changes that none waits for", got, 3*n)
	}
	transact(db, `{"op":"update","table":"Root","where":[["name","==","some"]],"row":{"i":7}}`)
	for i := range n {
		transact(db, fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"r%d","i":7,"s":"%d"}}`, i, i))
	}
	group.Wait()
	if len(db.loop.m.waiting.rows)+len(db.loop.m.waiting.places)+len(db.loop.m.waiting.tables) != 0 {
		t.Error("something is still kept")
	}
}

// A wait that is told of a change sees it, whatever the moment at which it
// began to wait.
func TestWaitersMissNothing(t *testing.T) {
	db := openDB(t, testConfig(testEtcd(t)))
	transact(db, `{"op":"insert","table":"Root","row":{"name":"a","i":0}}`)
	const n = 200
	var group sync.WaitGroup
	for i := range n {
		for _, where := range []string{`["name","==","a"]`, `["i",">=",0]`} {
			group.Go(func() {
				r := transact(db, fmt.Sprintf(`{"op":"wait","table":"Root","where":[%s,["i",">=",%d]],"columns":["name"],"until":"==","rows":[{"name":"a"}]}`, where, i))
				if r != `[{}]` {
					t.Errorf("wait for %d: %s", i, r)
				}
			})
		}
		transact(db, `{"op":"mutate","table":"Root","where":[],"mutations":[["i","+=",1]]}`)
	}
	group.Wait()
}

// What a transaction that only reads writes to a sink is what it has as results
// in memory.
func TestAnswerWrite(t *testing.T) {
	db := openDB(t, testConfig(testEtcd(t)))
	transact(db, `{"op":"insert","table":"Root","row":{"name":"a","i":1}},{"op":"insert","table":"Root","row":{"name":"b","i":1,"s":"b"}}`)
	for _, ops := range []string{
		``, `{"op":"comment","comment":"x"}`, `{"op":"select","table":"Root","where":[]}`,
		`{"op":"select","table":"Root","where":[],"columns":["i"]},{"op":"select","table":"Root","where":[["name","==","c"]]}`,
		`{"op":"select","table":"Root","where":[],"extra":1},{"op":"abort"}`,
		`{"op":"select","table":"Root","where":[]},{"op":"abort"},{"op":"select","table":"Root","where":[]}`,
		`{"op":"wait","table":"Root","where":[],"columns":["i"],"until":"==","rows":[{"i":1}],"timeout":0},{"op":"none"}`,
		`{"op":"wait","table":"Root","where":[],"columns":["name"],"until":"==","rows":[{"name":"a"}],"timeout":0}`,
	} {
		list := rawOps(ops)
		results, _ := db.Transact(t.Context(), Client{}, list)
		a := db.Submit(t.Context(), Client{}, list).Answer()
		var b sliceSink
		if err := a.Write(&b); err != nil || !json.Valid(b) {
			t.Errorf("%s: %s, %v", ops, b, err)
		}
		if !a.Lazy() || string(b) != text(results) {
			t.Errorf("%s\nwrites %s\n  want %s", ops, b, text(results))
		}
	}
}

type sliceSink []byte

func (s *sliceSink) Write(p []byte) (int, error) { *s = append(*s, p...); return len(p), nil }
func (s *sliceSink) Step() error                 { return nil }

// A place is lent by turns, in the order in which they were asked for.
func TestReadersTakeTurns(t *testing.T) {
	r := NewReaders(1)
	first, err := r.Begin(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	go func() {
		second, err := r.Begin(t.Context(), nil)
		if err != nil {
			t.Error(err)
		}
		close(began)
		second.End()
	}()
	for done := false; !done; {
		if err := first.Step(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-began:
			done = true
		default:
		}
	}
	first.End()
	if len(r.places) != 0 {
		t.Errorf("%d places taken", len(r.places))
	}
}
