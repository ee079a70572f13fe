package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Unread is something that northbound rows say and that no feature reads: it
// is stored and shown, and does nothing.
type Unread struct {
	Table  string
	Column string // "": nobody reads the table
	Key    string // of a column of options
	// Unknown: OVN's manual has no such key.
	Unknown bool
	Rows    int // that say it
}

// Reason says why it does nothing.
func (u Unread) Reason() string {
	if u.Unknown {
		return "no such option"
	}
	return NotYet
}

// NotYet is the reason for what is stored and shown, but does nothing.
const NotYet = "not implemented yet"

// unread counts what nobody reads. What a feature reads is declared, so that
// the rest is known without a list of it.
type unread struct {
	columns map[string]map[string]bool // by table: what is read
	keys    map[string]map[string]bool // by table and column: keys of options that are read
	tables  map[string]*unreadTable    // after seal
	counts  map[unreadItem]int
}

type unreadItem struct{ table, column, key string }

// unreadTable is what is counted in the rows of a table.
type unreadTable struct {
	whole   bool             // nobody reads any of it
	columns []*schema.Column // read by nobody
	options []*schema.Column // read key by key
}

func newUnread() unread {
	return unread{columns: map[string]map[string]bool{}, keys: map[string]map[string]bool{}, counts: map[unreadItem]int{}}
}

func (u *unread) reads(t *schema.Table, columns []string) {
	m := u.columns[t.Name]
	if m == nil {
		m = map[string]bool{}
		u.columns[t.Name] = m
	}
	for _, c := range columns {
		if t.Column(c) == nil {
			panic("graph: " + t.Name + " has no column " + c)
		}
		m[c] = true
	}
}

func (u *unread) readsKey(t *schema.Table, column, key string) {
	at := t.Name + "." + column
	if u.keys[at] == nil {
		u.keys[at] = map[string]bool{}
	}
	u.keys[at][key] = true
}

// seal finds out what is left.
func (u *unread) seal(db *schema.Database) {
	u.tables = map[string]*unreadTable{}
	for _, t := range db.Tables {
		read, ok := u.columns[t.Name]
		left := &unreadTable{whole: !ok}
		for _, c := range t.Columns {
			switch {
			case c.Name == "external_ids" || read[c.Name]:
			case nb.IsOptions(t.Name, c.Name) || u.keys[t.Name+"."+c.Name] != nil:
				left.options = append(left.options, c)
			default:
				left.columns = append(left.columns, c)
			}
		}
		u.tables[t.Name] = left
	}
}

// note counts what changed.
func (u *unread) note(changes []Change) {
	for _, ch := range changes {
		left := u.tables[ch.Table]
		if left == nil {
			continue
		}
		if ch.Old != nil {
			u.count(left, ch.Table, ch.Old, u.counts, -1)
		}
		if ch.New != nil {
			u.count(left, ch.Table, ch.New, u.counts, 1)
		}
	}
}

func (u *unread) count(left *unreadTable, table string, row schema.Row, counts map[unreadItem]int, n int) {
	if left.whole {
		add(counts, unreadItem{table: table}, n)
		return
	}
	for _, c := range left.columns {
		if !c.IsZero(row) {
			add(counts, unreadItem{table, c.Name, ""}, n)
		}
	}
	for _, c := range left.options {
		if !c.IsZero(row) {
			u.countKeys(c, table, row, counts, n)
		}
	}
}

func (u *unread) countKeys(c *schema.Column, table string, row schema.Row, counts map[unreadItem]int, n int) {
	read := u.keys[table+"."+c.Name]
	c.Each(row, func(key, _ schema.Atom) bool {
		if !read[key.Str()] {
			add(counts, unreadItem{table, c.Name, key.Str()}, n)
		}
		return true
	})
}

func add(counts map[unreadItem]int, i unreadItem, n int) {
	if counts[i] += n; counts[i] == 0 {
		delete(counts, i)
	}
}

// Unread returns what northbound rows say and no feature reads, sorted.
func (g *Graph) Unread() []Unread {
	var all []Unread
	for i, n := range g.unread.counts {
		all = append(all, Unread{i.table, i.column, i.key, i.key != "" && !nb.IsOption(i.table, i.column, i.key), n})
	}
	slices.SortFunc(all, func(a, b Unread) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
	return all
}

// IsRead tells whether some feature reads a northbound column as a whole.
func (g *Graph) IsRead(table, column string) bool { return g.unread.columns[table][column] }

// Elsewhere declares that something else than the graph reads columns of a
// northbound table, or the keys of options in one.
func Elsewhere[R schema.Row](g *Graph, columns ...string) {
	t, _ := tableOf[R](g)
	g.unread.reads(t, columns)
}

// check compares the counts with those of all rows there are.
func (u *unread) check(g *Graph) error {
	counts := map[unreadItem]int{}
	for _, t := range g.config.NB.Tables {
		if in, ok := g.inputs[northbound+t.Name]; ok {
			in.each(func(row schema.Row) { u.count(u.tables[t.Name], t.Name, row, counts, 1) })
		}
	}
	for i, n := range u.counts {
		if _, ok := g.inputs[northbound+i.table]; ok && counts[i] != n {
			return fmt.Errorf("graph: %d rows have %v that nobody reads, counted were %d", counts[i], i, n)
		}
	}
	for i := range maps.Keys(counts) {
		if u.counts[i] == 0 {
			return fmt.Errorf("graph: rows have %v that nobody reads, none was counted", i)
		}
	}
	return nil
}
