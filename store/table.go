package store

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// table is what the engine has to know about a table, worked out once.
type table struct {
	*schema.Table
	n       int // position in state.tables
	refs    []*column
	indexes [][]*column
	byCol   []*column // as schema.Table.Columns
	sorted  []*column // by name, _uuid and _version first
	byName  map[string]*column
	virtual *Virtual
	owners  *table // Virtual.Owners; nil: none
	// kept: rows that nothing refers to stay, though the schema has the table
	// as non-root, because a virtual table refers to it.
	kept bool
	// stored: some of it lies under our prefix, not all under those of chassis.
	stored bool
	// members are the columns of members that lie there.
	members []*column
	// owned are the columns that chassis own; unclaimed is what they are where
	// nobody has written them, in Table.Unclaimed.
	owned     []*column
	unclaimed schema.Row
	// records is the directory of the blobs that hold what clients wrote of the
	// owned columns; "": none do.
	records string
}

// column adds to a schema column what it refers to.
type column struct {
	*schema.Column
	key, value *table
	// stored: the value lies under our prefix.
	stored bool
	// uncounted is the table of rows that a chassis may refer to where none is, and
	// a client may not.
	uncounted *table
	// unset is why a new row must give the column, where its default is not
	// allowed.
	unset error
}

// layout holds the tables in the schema's order.
type layout struct {
	db      *schema.Database
	tables  []*table
	byName  map[string]*table
	records string // Config.Records
}

func newLayout(db *schema.Database, virtual map[string]Virtual, records string) *layout {
	l := &layout{db: db, byName: map[string]*table{}, records: records}
	for i, st := range db.Tables {
		t := &table{Table: st, n: i, byName: map[string]*column{}}
		for _, sc := range st.Columns {
			c := &column{Column: sc, stored: sc.Owner == "" && !sc.Ephemeral && !sc.Derived}
			c.unset = sc.Type.Check(sc.Type.Default())
			t.byCol = append(t.byCol, c)
			t.byName[sc.Name] = c
			t.stored = t.stored || c.stored
			if c.stored && sc.Members {
				t.members = append(t.members, c)
			}
			if sc.Owner != "" {
				t.owned = append(t.owned, c)
			}
		}
		if len(t.owned) > 0 {
			t.unclaimed = st.Unclaimed(schema.UUID{})
			if records != "" {
				t.records = records + t.Name + "/"
			}
		}
		for _, name := range []string{schema.ColumnUUID, schema.ColumnVersion} {
			t.byName[name] = &column{Column: st.Column(name)}
		}
		for _, c := range t.byName {
			t.sorted = append(t.sorted, c)
		}
		slices.SortFunc(t.sorted, func(a, b *column) int { return strings.Compare(a.Name, b.Name) })
		for _, index := range st.Indexes {
			var cols []*column
			for _, sc := range index {
				cols = append(cols, t.byName[sc.Name])
			}
			t.indexes = append(t.indexes, cols)
		}
		if v, ok := virtual[st.Name]; ok {
			t.virtual = &v
		}
		l.tables = append(l.tables, t)
		l.byName[st.Name] = t
	}
	for _, t := range l.tables {
		if t.virtual != nil {
			t.owners = l.byName[t.virtual.Owners]
		}
		for _, c := range t.byCol {
			c.key, c.value = l.byName[c.Type.Key.RefTable], l.byName[c.Type.Value.RefTable]
			// What a chassis wrote must not keep the leader from deleting a row of
			// its own: such references are shown, and not counted.
			if t.Owner != "" && c.key != nil && c.key.Owner == "" {
				if c.Type.Key.Strong {
					c.uncounted = c.key
				}
				c.key = nil
			}
			if t.Owner != "" && c.value != nil && c.value.Owner == "" {
				c.value = nil
			}
			if c.key == nil && c.value == nil {
				continue
			}
			if t.virtual == nil {
				t.refs = append(t.refs, c)
				continue
			}
			for _, to := range []*table{c.key, c.value} {
				if to != nil {
					to.kept = true
				}
			}
		}
	}
	return l
}

// eachRef calls f for every reference in a value of the column.
func (c *column) eachRef(d schema.Datum, f func(to *table, strong bool, id schema.UUID)) {
	if c.key != nil {
		for _, k := range d.Keys {
			f(c.key, c.Type.Key.Strong, k.UUID())
		}
	}
	if c.value != nil {
		for _, v := range d.Values {
			f(c.value, c.Type.Value.Strong, v.UUID())
		}
	}
}

// collected tells whether rows that nothing refers to strongly vanish.
func (t *table) collected() bool { return !t.IsRoot && !t.kept }
