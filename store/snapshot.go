package store

import (
	"iter"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// Snapshot is the database after one commit. It never changes; taking one is
// free, keeping one keeps the rows that were replaced since.
type Snapshot struct {
	layout *layout
	log    func(path string, err error) // of blobs that do not expand
	state  *state
	// Seq, Rev and TxnID are those of the last commit; Seq is 0 before the first
	// of this process.
	Seq   int64
	Rev   int64
	TxnID schema.UUID
}

// Get returns a row, or nil. Rows of virtual tables are not found by UUID.
func (s *Snapshot) Get(table string, id schema.UUID) schema.Row {
	t := s.layout.byName[table]
	if t == nil {
		return nil
	}
	if e := s.state.get(t, id); e != nil {
		return e.row
	}
	return nil
}

// Len returns how many rows a table has; 0 for virtual ones.
func (s *Snapshot) Len(table string) int {
	if t := s.layout.byName[table]; t != nil {
		return s.state.tables[t.n].rows.n
	}
	return 0
}

// Rows iterates over a table's rows in the order of their UUIDs. Rows of a
// virtual table are made as they are read, blob by blob: each is good until the
// next one.
func (s *Snapshot) Rows(table string) iter.Seq[schema.Row] {
	t := s.layout.byName[table]
	return func(yield func(schema.Row) bool) {
		switch {
		case t == nil:
		case t.virtual != nil:
			s.state.expandAll(t, s.state.lists(t.owners), s.log, yield)
		default:
			for _, e := range s.state.tables[t.n].rows.all() {
				if !yield(e.row) {
					return
				}
			}
		}
	}
}

// Blobs iterates over the blobs whose path begins with prefix, by path. The
// data must not be changed.
func (s *Snapshot) Blobs(prefix string) iter.Seq2[string, []byte] { return s.state.blobsBelow(prefix) }

func (s *state) blobsBelow(prefix string) iter.Seq2[string, []byte] {
	var found []*blob
	for _, b := range s.blobs.all() {
		if strings.HasPrefix(b.path, prefix) {
			found = append(found, b)
		}
	}
	slices.SortFunc(found, func(a, b *blob) int { return strings.Compare(a.path, b.path) })
	return func(yield func(string, []byte) bool) {
		for _, b := range found {
			if !yield(b.path, b.data) {
				return
			}
		}
	}
}

// Blob returns the data under one path, or nil.
func (s *Snapshot) Blob(path string) []byte { return s.state.blob(path) }
