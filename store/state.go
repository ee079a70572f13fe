package store

import (
	"iter"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// state is the whole database as a value. What is reachable from a published
// state never changes.
type state struct {
	tables []*tableState
	blobs  trie[*blob]      // by blobKey
	odd    trie[*oddColumn] // columns whose keys in etcd are not those that follow from their members
	// members is how many members all rows have in columns of members.
	members int
}

// census counts what lies in etcd for a state. It is written beside each commit:
// what is found later was written by that commit if the count and the revisions
// agree.
type census struct {
	Rows    int `json:"rows"`
	Members int `json:"members"`
	Blobs   int `json:"blobs"`
	// LeftOut are keys and rows that are there and not served: what kept them
	// out may go.
	LeftOut int `json:"left_out,omitempty"`
}

func (s *state) census(l *layout) census {
	c := census{Members: s.members, Blobs: s.blobs.n}
	for _, t := range l.tables {
		if t.stored && t.Owner == "" {
			c.Rows += s.tables[t.n].rows.n
		}
	}
	return c
}

// membersOf is how many members a row has in columns of members.
func (t *table) membersOf(row schema.Row) (n int) {
	if row == nil {
		return 0
	}
	for _, c := range t.members {
		n += c.Len(row)
	}
	return n
}

type tableState struct {
	rows    trie[*entry]
	indexes []trie[[]schema.UUID] // per index: rows by the hash of their values
	// weak holds, per row, who refers to it weakly: by the referrer's UUID,
	// which may be that of rows of several tables. A chassis has as many as
	// ports are on it, hence no plain list.
	weak trie[trie[[]weakRef]]
}

// entry is a row and how many strong references other rows hold to it.
type entry struct {
	row    schema.Row
	strong int32
}

// weakRef counts how often a row of a table refers weakly to another.
type weakRef struct {
	from *table
	n    int32
}

type blob struct {
	path string
	data []byte
}

func newState(l *layout) *state {
	s := &state{}
	for _, t := range l.tables {
		s.tables = append(s.tables, &tableState{indexes: make([]trie[[]schema.UUID], len(t.indexes))})
	}
	return s
}

// stateEdit makes a new state out of an old one.
type stateEdit struct {
	*state
	e      *edit
	copied []bool
}

func (s *state) edit() *stateEdit {
	return &stateEdit{
		state:  &state{tables: slices.Clone(s.tables), blobs: s.blobs, odd: s.odd, members: s.members},
		e:      new(edit),
		copied: make([]bool, len(s.tables)),
	}
}

// table returns the state of a table to change.
func (s *stateEdit) table(t *table) *tableState {
	if !s.copied[t.n] {
		c := *s.tables[t.n]
		c.indexes = slices.Clone(c.indexes)
		s.tables[t.n] = &c
		s.copied[t.n] = true
	}
	return s.tables[t.n]
}

func (s *state) get(t *table, id schema.UUID) *entry {
	e, _ := s.tables[t.n].rows.get(id)
	return e
}

// weaken adds n weak references from a row to another.
func (s *stateEdit) weaken(to *table, id schema.UUID, from *table, by schema.UUID, n int32) {
	weak := &s.table(to).weak
	all, _ := weak.get(id)
	refs, _ := all.get(by)
	refs = slices.Clone(refs)
	i := slices.IndexFunc(refs, func(r weakRef) bool { return r.from == from })
	if i < 0 {
		refs = append(refs, weakRef{from, n})
	} else if refs[i].n += n; refs[i].n == 0 {
		refs = slices.Delete(refs, i, i+1)
	}
	if len(refs) > 0 {
		all.set(s.e, by, refs)
	} else {
		all.delete(s.e, by)
	}
	if all.n > 0 {
		weak.set(s.e, id, all)
	} else {
		weak.delete(s.e, id)
	}
}

// blobKey is where a blob lies in a state: beside those of the same directory.
func blobKey(path string) schema.UUID {
	key, dir := schema.NameUUID(path), dirKey(path[:strings.LastIndexByte(path, '/')+1])
	copy(key[:dirBytes], dir[:])
	return key
}

// dirBytes is how much of a key is that of the directory: enough that few have
// the same, and no more, for blobs of one differ behind it only.
const dirBytes = 3

// dirKey begins as the keys of the blobs do whose path is dir, which ends with a
// slash, and a name.
func dirKey(dir string) schema.UUID { return schema.NameUUID(dir) }

// blobsIn iterates over the blobs whose path is dir, which ends with a slash, and
// a name.
func (s *state) blobsIn(dir string) iter.Seq[*blob] {
	return func(yield func(*blob) bool) {
		for _, b := range s.blobs.under(dirKey(dir), 2*dirBytes) {
			if strings.HasPrefix(b.path, dir) && !yield(b) {
				return
			}
		}
	}
}

// setBlob puts data under path; nil deletes.
func (s *stateEdit) setBlob(path string, data []byte) {
	id := blobKey(path)
	if data == nil {
		s.blobs.delete(s.e, id)
	} else {
		s.blobs.set(s.e, id, &blob{path, data})
	}
}

func (s *state) blob(path string) []byte {
	if b, ok := s.blobs.get(blobKey(path)); ok {
		return b.data
	}
	return nil
}
