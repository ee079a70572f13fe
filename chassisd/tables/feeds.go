package tables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Event is what etcd tells of a key.
type Event struct {
	// Value is nil where the key is gone.
	Value []byte
	// Rev is the revision that wrote the value.
	Rev int64
	// Created is the revision that made the key, 0 where it is gone.
	Created int64
}

func (e Event) there() bool { return e.Value != nil }

// Feeds are the inputs that hold what is in etcd. Which keys go into an input is
// said where that is declared; keys that nothing was declared for are a later
// version's, or somebody else's, and are let be.
type Feeds struct {
	rows    map[origin]func(chassis string, row schema.UUID, e Event) error
	members map[origin]*memberFeed
	parts   map[origin]partFeed
	chunks  *incr.Input[Path, string]
	inputs  []resettable
	shelf   *shelf
	// strings are those that the state or batch taken now has in many places:
	// names of ports and of chassis. Its keys, of which they are parts, are not
	// kept.
	strings map[string]string
	// held are the names of the units in each bucket.
	held  map[Path][]string
	chunk []byte // memory for setUnit
}

// origin names keys: rows of a table that northd writes, chassis or clients do, or
// the elements of a column that is stored in buckets.
type origin struct {
	by            writer
	table, column string
}

// writer is who writes keys.
type writer uint8

const (
	byNorthd writer = iota
	byChassis
	byClients // through northd: see sb.RecordsPath
)

// resettable is an input that can be set as a whole.
type resettable interface {
	Reset()
	EndReset()
}

// settable is what the feeds need of an incr.Input.
type settable[K comparable, V any] interface {
	resettable
	Set(K, V)
	Delete(K)
}

func newFeeds() *Feeds {
	return &Feeds{
		rows:    map[origin]func(string, schema.UUID, Event) error{},
		members: map[origin]*memberFeed{},
		parts:   map[origin]partFeed{},
		strings: map[string]string{},
		held:    map[Path][]string{},
	}
}

// feed declares an input that is set as a whole with the others, and returns it.
func feed[K comparable, V any, In settable[K, V]](f *Feeds, in In) In {
	f.inputs = append(f.inputs, in)
	return in
}

// rowsOf declares an input that holds the rows of R's table as they are.
func rowsOf[R schema.Row](f *Feeds, e *incr.Engine, name string, by ...writer) *incr.Input[schema.UUID, R] {
	in := feed[schema.UUID, R](f, incr.NewInput[schema.UUID](e, name, rowEqual[R]()))
	for _, by := range by {
		fromRows(f, in, by, func(_ string, id schema.UUID) schema.UUID { return id }, func(row R, _ Event) (R, error) { return row, nil })
	}
	return in
}

// fromRows has an input take the rows of R's table that somebody writes. A row that
// cannot be understood is left out.
func fromRows[R schema.Row, K comparable, V any](
	f *Feeds, in settable[K, V], by writer, key func(chassis string, row schema.UUID) K, value func(R, Event) (V, error),
) {
	var zero R
	table := sb.Schema().TableOf(zero)
	f.rows[origin{by: by, table: table.Name}] = func(chassis string, id schema.UUID, e Event) error {
		k := key(chassis, id)
		if !e.there() {
			in.Delete(k)
			return nil
		}
		v, err := decode(table, id, e, value)
		set(in, k, v, err == nil)
		return err
	}
}

func decode[R schema.Row, V any](t *schema.Table, id schema.UUID, e Event, value func(R, Event) (V, error)) (v V, err error) {
	row, err := schema.DecodeRow(t, id, e.Value)
	if err != nil {
		return v, err
	}
	return value(row.(R), e)
}

// rowMembers has an input take the elements of a column of R's table that name
// rows.
func rowMembers[R schema.Row](f *Feeds, in settable[Member, struct{}], column string) {
	membersOf[R](f, column, func(row schema.UUID, k schema.Atom, there bool) {
		set(in, Member{Group: row, Row: k.UUID()}, struct{}{}, there)
	})
}

// textMembers has an input take the elements of a column of R's table that are
// strings.
func textMembers[R schema.Row](f *Feeds, in *incr.Input[SetMember, struct{}], column string) *incr.Input[SetMember, struct{}] {
	membersOf[R](f, column, func(row schema.UUID, k schema.Atom, there bool) {
		set(in, SetMember{Set: row, Text: f.once(k.Str())}, struct{}{}, there)
	})
	return feed[SetMember, struct{}](f, in)
}

func membersOf[R schema.Row](f *Feeds, column string, set func(schema.UUID, schema.Atom, bool)) {
	var zero R
	table := sb.Schema().TableOf(zero)
	f.members[origin{table: table.Name, column: column}] = &memberFeed{
		col: table.Column(column), set: set, rows: map[schema.UUID]*memberKeys{},
	}
}

// partFeed has an input take a column that is stored in buckets as these.
type partFeed struct {
	col *schema.Column
	set func(row schema.UUID, part string, d schema.Datum)
}

// bucketsOf declares one of R's table. A part that is gone, or cannot be understood, is
// empty.
func bucketsOf[R schema.Row](f *Feeds, column string, set func(row schema.UUID, part string, d schema.Datum)) {
	var zero R
	table := sb.Schema().TableOf(zero)
	f.parts[origin{table: table.Name, column: column}] = partFeed{table.Column(column), set}
}

func (p partFeed) take(row schema.UUID, part string, e Event) (err error) {
	var d schema.Datum
	if e.there() {
		d, err = schema.DecodePart(p.col, part, e.Value)
	}
	p.set(row, part, d)
	return err
}

func set[K comparable, V any](in settable[K, V], k K, v V, there bool) {
	if there {
		in.Set(k, v)
	} else {
		in.Delete(k)
	}
}

// once returns a string as it is kept.
func (f *Feeds) once(s string) string {
	kept, ok := f.strings[s]
	if !ok {
		kept = strings.Clone(s)
		f.strings[kept] = kept
	}
	return kept
}

// Reset begins a complete state: what is not told until EndReset is gone.
func (f *Feeds) Reset() {
	for _, in := range f.inputs {
		in.Reset()
	}
	for _, m := range f.members {
		clear(m.rows)
	}
	clear(f.held)
	f.shelf.Reset()
}

// EndReset ends a complete state.
func (f *Feeds) EndReset() {
	for _, in := range f.inputs {
		in.EndReset()
	}
	f.shelf.EndReset()
}

// Rest ends a batch: what need not be in the inputs is kept beside them, and
// what is remembered of the batch's strings is forgotten.
func (f *Feeds) Rest() {
	f.shelf.tidy()
	f.strings = map[string]string{}
}

// Apply takes a key. An error says why it is left out. Of the keys of a batch,
// those that are gone come first: what they held may lie in others now.
func (f *Feeds) Apply(key string, e Event) error {
	if rest, ok := strings.CutPrefix(key, sb.Prefix+sb.FlowsPath); ok {
		return f.flows(rest, e)
	}
	if rest, ok := strings.CutPrefix(key, sb.Prefix+sb.RecordsPath); ok {
		return f.record(byClients, "", rest, e)
	}
	if rest, ok := strings.CutPrefix(key, sb.Prefix); ok {
		return f.southbound(rest, e)
	}
	if rest, ok := strings.CutPrefix(key, sb.ChassisPrefix); ok {
		chassis, rest, _ := strings.Cut(rest, "/")
		return f.record(byChassis, chassis, rest, e)
	}
	return nil
}

// flows takes "<owner>/<bucket>", or "<owner>/<unit>" of an older form.
func (f *Feeds) flows(rest string, e Event) error {
	owner, place, ok := strings.Cut(rest, "/")
	id, err := schema.ParseUUID(owner)
	if err != nil || !ok {
		return fmt.Errorf("not a bucket of flows: %q", rest)
	}
	at := Path{Owner: id, Unit: place}
	var now []string
	if e.there() {
		err = sb.EachUnit(place, e.Value, func(name string, chunk []byte) {
			now = append(now, name)
			f.setUnit(Path{id, name}, chunk)
		})
	}
	for _, name := range f.held[at] {
		if !slices.Contains(now, name) {
			f.chunks.Delete(Path{id, name})
		}
	}
	if delete(f.held, at); now != nil {
		f.held[at] = now
	}
	return err
}

// setUnit has a unit have a chunk, without a copy where it has.
func (f *Feeds) setUnit(p Path, chunk []byte) {
	f.chunk = sb.AppendPacked(f.chunk[:0], chunk)
	value, _ := f.chunks.Get(p)
	if value != string(f.chunk) {
		value = string(f.chunk)
	}
	f.chunks.Set(p, value)
}

// DropFlows forgets the flows of datapaths and groups.
func (f *Feeds) DropFlows(owners map[schema.UUID]bool) {
	for at, names := range f.held {
		if !owners[at.Owner] {
			continue
		}
		for _, name := range names {
			f.chunks.Delete(Path{at.Owner, name})
		}
		delete(f.held, at)
	}
}

// southbound takes "<Table>/<uuid>[/<column>/<bucket>]".
func (f *Feeds) southbound(rest string, e Event) error {
	parts := strings.Split(rest, "/")
	if len(parts) != 2 && len(parts) != 4 {
		return nil
	}
	id, err := schema.ParseUUID(parts[1])
	if err != nil {
		return err
	}
	if len(parts) == 4 {
		column := origin{table: parts[0], column: parts[2]}
		if member := f.members[column]; member != nil {
			return member.take(id, parts[3], e)
		}
		if part, ok := f.parts[column]; ok {
			return part.take(id, parts[3], e)
		}
		return nil
	}
	if row := f.rows[origin{table: parts[0]}]; row != nil {
		return row("", id, e)
	}
	return nil
}

// record takes "<Table>/<uuid>".
func (f *Feeds) record(by writer, chassis, rest string, e Event) error {
	table, text, ok := strings.Cut(rest, "/")
	if !ok || strings.Contains(text, "/") {
		return nil
	}
	id, err := schema.ParseUUID(text)
	if err != nil {
		return err
	}
	if row := f.rows[origin{by: by, table: table}]; row != nil {
		return row(chassis, id, e)
	}
	return nil
}
