package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// expandOwned gives a row the owner's UUID as its datapath, or as its group where
// that is listed.
func expandOwned(b Blob, keep bool, yield func(schema.Row) bool) error {
	return expandLines(b, keep, func(row schema.Row) bool {
		if f := row.(*sb.LogicalFlow); b.Listed {
			f.LogicalDPGroup = &b.Owner
		} else {
			f.LogicalDatapath = &b.Owner
		}
		return yield(row)
	})
}

// Rows of a virtual table are made of the state that their blob belongs to: what is
// told of a commit does not depend on what came later, nor on when it is told.
func TestVirtualOwners(t *testing.T) {
	cfg := sbConfig(testEtcd(t))
	cfg.Virtual = map[string]Virtual{"Logical_Flow": {Path: "flows/", Owners: "Logical_DP_Group", Expand: expandOwned}}
	db := openDB(t, cfg)
	sub := db.Subscribe(0)
	group := id("group").UUID
	table := db.Schema().Table("Logical_DP_Group")
	comes, goes := row(db, &sb.LogicalDPGroup{Header: id("group")}), Change{Table: table, UUID: group}
	blob := func(name, lines string) BlobChange {
		b := BlobChange{Path: "flows/" + group.String() + "/" + name}
		if lines != "" {
			b.New = []byte(lines)
		}
		return b
	}
	steps := []struct {
		write Write
		want  string // the commit's changes, by row
		all   string // all rows after it
	}{
		{Write{Blobs: []BlobChange{blob("+0", "a"), blob("+1", "b")}}, "a:+d b:+d", "a:d b:d"},
		{Write{Rows: []Change{comes}}, "a:-d+g b:-d+g", "a:g b:g"},
		{Write{Blobs: []BlobChange{blob("+0", ""), blob("+1", ""), blob("+", "b")}}, "a:-g", "b:g"},
		{Write{Rows: []Change{goes}, Blobs: []BlobChange{blob("+", "c")}}, "b:-g c:+d", "c:d"},
		{Write{Rows: []Change{comes}, Blobs: []BlobChange{blob("+", "c\nd")}}, "c:-d+g d:+g", "c:g d:g"},
		{Write{Rows: []Change{goes}, Blobs: []BlobChange{blob("+", "")}}, "c:-g d:-g", ""},
	}
	first := db.Snapshot()
	states := []*Snapshot{first}
	for _, s := range steps {
		mustWrite(t, db, s.write)
		states = append(states, db.Snapshot())
	}
	kind := func(r schema.Row) string {
		f := r.(*sb.LogicalFlow)
		if f.LogicalDPGroup != nil {
			return "g"
		}
		return "d"
	}
	flows := db.Schema().Table("Logical_Flow")
	changes := func(c *Commit) string {
		var text []string
		for _, ch := range db.Changes(c, flows) {
			was, is, match := "", "", ""
			if ch.Old != nil {
				was, match = "-"+kind(ch.Old), ch.Old.(*sb.LogicalFlow).Match
			}
			if ch.New != nil {
				is, match = "+"+kind(ch.New), ch.New.(*sb.LogicalFlow).Match
			}
			text = append(text, match+":"+was+is)
		}
		slices.Sort(text)
		return strings.Join(text, " ")
	}
	all := func(s *Snapshot) string {
		var text []string
		for r := range s.Rows("Logical_Flow") {
			text = append(text, r.(*sb.LogicalFlow).Match+":"+kind(r))
		}
		slices.Sort(text)
		return strings.Join(text, " ")
	}
	commits, _ := sub.Take()
	for i, s := range steps {
		if got := changes(commits[i]); got != s.want {
			t.Errorf("commit %d told at the end: %s, want %s", i, got, s.want)
		}
		if got := all(states[i+1]); got != s.all {
			t.Errorf("after commit %d: %s, want %s", i, got, s.all)
		}
	}
	// From each state to each later one at once.
	for _, way := range []struct {
		from, to int
		want     string
	}{{0, 2, "a:+g b:+g"}, {1, 2, "a:-d+g b:-d+g"}, {1, 4, "a:-d b:-d c:+d"}, {2, 5, "a:-g b:-g c:+g d:+g"}, {3, 6, "b:-g"}, {4, 5, "c:-d+g d:+g"}} {
		list, ok := db.Since(states[way.from].TxnID, states[way.to])
		if !ok || len(list) != 1 || changes(list[0]) != way.want {
			t.Errorf("from state %d to %d: %v, want %s", way.from, way.to, ok, way.want)
		}
	}
}

// Several writes of a blob that are committed together are one change of it.
func TestBlobsOfABatch(t *testing.T) {
	b := func(path, old, new string) BlobChange {
		c := BlobChange{Path: path}
		if old != "" {
			c.Old = []byte(old)
		}
		if new != "" {
			c.New = []byte(new)
		}
		return c
	}
	got := netBlobs([]BlobChange{b("x", "1", "2"), b("y", "", "1"), b("z", "1", "2"), b("x", "2", "3"), b("y", "1", ""), b("z", "2", "1"), b("w", "1", "")})
	if want := []BlobChange{b("x", "1", "3"), b("w", "1", "")}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
