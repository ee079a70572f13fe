package chassisd

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/weft-sdn/weft/chassisd/ledger"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// records are the keys below the chassis's own prefix, and its status: which
// must be in etcd, and which are.
type records struct {
	name   string         // of the chassis; empty while it is not known
	ledger *ledger.Ledger // writes them; nil while there is no etcd
	want   map[string][]byte
	have   map[string]bool
	// reading: a complete state comes in. unseen are those not yet in it.
	reading bool
	unseen  map[string]bool
	// owners are told of the keys of their table, by its name.
	owners map[string]func(row schema.UUID, e view.Event)
	// kept are the tables of which the records of an earlier run are wished for,
	// until their owner says otherwise.
	kept map[string]bool
	// whole: the ledger was told that all wishes are there.
	whole   bool
	ready   map[string][]byte // wishes that the ledger is not told of yet
	written ledger.Result
	claimed int64 // revision of our newest claim
	claims  int   // how many wishes there were for claims
	// contestedAt: when somebody else was last seen to write our keys.
	contestedAt time.Time
}

func newRecords() *records {
	return &records{want: map[string][]byte{}, have: map[string]bool{}, ready: map[string][]byte{}, owners: map[string]func(schema.UUID, view.Event){}, kept: map[string]bool{}}
}

// own makes f be told of each record of this chassis in the table.
func (r *records) own(table string, f func(row schema.UUID, e view.Event)) { r.owners[table] = f }

// keep is own, for a table of which the records of an earlier run stay.
func (r *records) keep(table string, f func(row schema.UUID, e view.Event)) {
	r.own(table, f)
	r.kept[table] = true
}

// owns tells of a key that nobody wishes for whether it is ours to delete.
func (r *records) owns(key string) bool {
	table, _, ok := r.split(key)
	return ok && (r.owners[table] != nil || isRecord(table))
}

// isClaim tells whether a key is our claim of a port.
func (r *records) isClaim(key string) bool {
	table, _, ok := r.split(key)
	return ok && table == "Port_Binding"
}

// split takes a key of ours apart: table and row.
func (r *records) split(key string) (table, row string, ok bool) {
	rest, ok := strings.CutPrefix(key, sb.RecordsOf(r.name))
	if !ok || r.name == "" {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}

// take takes what the view tells of the chassis's own keys.
func (r *records) take(b *view.Batch) {
	if b.Reset {
		r.reading, r.unseen = true, maps.Clone(r.have)
		r.unseen[sb.StatusKey(r.name)] = true
	}
	for key, e := range b.Events {
		r.event(key, e)
		delete(r.unseen, key)
	}
	if b.More {
		return
	}
	if r.reading {
		r.endReading(b.Chassis)
	}
}

// event takes a key, if it is ours.
func (r *records) event(key string, e view.Event) {
	if key == sb.StatusKey(r.name) {
		r.resume(key, e)
	} else if table, row, ok := r.split(key); ok {
		r.see(key, table, row, e)
	}
}

// endReading ends a complete state, as of a revision: what is not in it is gone,
// and nothing is newer.
func (r *records) endReading(rev int64) {
	for key := range r.unseen {
		r.event(key, view.Event{Rev: rev})
	}
	r.claimed = min(r.claimed, rev)
	r.ledger.ReadAll(rev)
	r.reading, r.unseen = false, nil
}

// tell tells the ledger what etcd has.
func (r *records) tell(key string, e view.Event) {
	if r.reading {
		r.ledger.Read(key, e.Value, e.Rev)
	} else {
		r.ledger.Seen(key, e.Value, e.Rev)
	}
}

// resume takes over what an earlier run said of itself.
func (r *records) resume(key string, e view.Event) {
	if s, err := sb.ParseStatus(e.Value, e.Rev); err == nil {
		r.claimed = max(r.claimed, s.Claimed)
	}
	r.tell(key, e)
}

// see takes a record of this chassis.
func (r *records) see(key, table, row string, e view.Event) {
	if r.have[key] = true; e.Value == nil {
		delete(r.have, key)
	}
	r.tell(key, e)
	id, err := schema.ParseUUID(row)
	if err != nil {
		return
	}
	if r.kept[table] && !r.whole {
		r.wish(map[string][]byte{key: e.Value})
	}
	if table == "Port_Binding" {
		r.claimed = max(r.claimed, e.Rev)
	}
	if owner := r.owners[table]; owner != nil {
		owner(id, e)
	}
}

// result takes how far the ledger is.
func (r *records) result(res ledger.Result, now time.Time) {
	if res.Contested > r.written.Contested {
		r.contestedAt = now
	}
	r.written = res
	r.claimed = max(r.claimed, res.Rev)
}

// wish changes the keys that must be in etcd. The ledger is told at the end of
// the step, of all at once.
func (r *records) wish(keys map[string][]byte) {
	for k, v := range keys {
		if r.isClaim(k) {
			r.claims++
		}
		if v == nil {
			delete(r.want, k)
		} else {
			r.want[k] = v
		}
	}
	if r.whole {
		maps.Copy(r.ready, keys)
	}
}

// handOn tells the ledger of the wishes.
func (r *records) handOn() {
	if len(r.ready) > 0 {
		r.ledger.Want(r.ready)
		clear(r.ready)
	}
}

// wishChassis sets the chassis's own rows.
func (r *records) wishChassis(keys map[string][]byte) {
	changed := map[string][]byte{}
	for k, v := range keys {
		if string(r.want[k]) != string(v) {
			changed[k] = v
		}
	}
	for k := range r.want {
		table, _, ok := r.split(k)
		if _, still := keys[k]; !still && ok && isRecord(table) {
			changed[k] = nil
		}
	}
	r.wish(changed)
}

// complete says that all wishes are there: with the chassis's own rows all else
// may be written, and what an earlier run left and is no more may go.
func (r *records) complete() {
	if r.whole {
		return
	}
	r.whole = true
	r.ledger.Want(r.want)
	r.ledger.Complete()
}

// status writes the chassis's status, with the claims wished for before it or
// after them: what they brought is not reported before they are in etcd.
func (r *records) status(s sb.Status) {
	r.handOn()
	known := r.claimed
	r.ledger.Last(sb.StatusKey(r.name), func(counted int64, with bool) []byte {
		s.Claimed, s.WithClaims = max(known, counted), with
		value, err := json.Marshal(s)
		if err != nil {
			panic(err) // a struct of numbers and strings
		}
		return value
	})
}

// contestedFor is how long a foreign write of our keys is told. A second agent
// would write again within a second or so.
const contestedFor = 30 * time.Second

// problems tells of another agent with our name.
func (r *records) problems(now time.Time) []string {
	if r.written.Contested == 0 || now.Sub(r.contestedAt) >= contestedFor {
		return nil
	}
	return []string{fmt.Sprintf("somebody else writes the records of chassis %s: is there a second agent with this system-id?", r.name)}
}
