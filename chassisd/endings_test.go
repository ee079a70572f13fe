package chassisd

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/conntrack"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/schema"
)

// TestEndings: an ACL's connections are ended once its flows are out of the
// switch, one such pass at a time; one that fails is tried again, but not for ever.
func TestEndings(t *testing.T) {
	now := time.Unix(1, 0)
	a := New(Config{Now: func() time.Time { return now }})
	g := &a.endings
	due := func(gen int64, want ...uint16) {
		t.Helper()
		got := g.due(gen, now)
		all := map[conntrack.End]bool{}
		for _, acl := range want {
			all[conntrack.End{ACL: acl}] = true
		}
		if !maps.Equal(got, all) {
			t.Errorf("at %d are due %v, want %v", gen, got, want)
		}
	}
	g.note(conntrack.End{ACL: 5}, 3)
	g.note(conntrack.End{ACL: 6}, 4)
	due(2)
	due(3, 5)
	g.busy = true
	due(4)
	a.connectionsEnded(connectionsEnd{of: map[conntrack.End]bool{{ACL: 5}: true}})
	due(4, 6)

	for try := range maxFails {
		a.connectionsEnded(connectionsEnd{of: map[conntrack.End]bool{{ACL: 6}: true}, err: errors.New("no")})
		due(4)
		now = now.Add(time.Minute)
		if try < maxFails-1 {
			due(4, 6)
		} else {
			due(4)
		}
	}
	g.note(conntrack.End{ACL: 7}, 5)
	due(5, 7)
}

// TestReplyHops: connections of a next hop end when it has another Ethernet address or
// is none any more, unless another next hop has the address; that nobody knows it says
// nothing.
func TestReplyHops(t *testing.T) {
	g := newEndings()
	hop := func(last byte) tables.ReplyHop { return tables.ReplyHop{Zone: 4, MAC: packet.MAC{2, 5: last}} }
	a, b := schema.NameUUID("hop", "a"), schema.NameUUID("hop", "b")
	due := func(want ...byte) {
		t.Helper()
		all := map[conntrack.End]bool{}
		for _, last := range want {
			all[conntrack.End{Zone: 4, MAC: hop(last).MAC}] = true
		}
		if got := g.due(1, time.Time{}); !maps.Equal(got, all) {
			t.Errorf("due %v, want %v", got, all)
		}
	}
	g.noteHop(a, tables.ReplyHop{Zone: 4}, true, 1)
	g.noteHop(a, hop(1), true, 1)
	g.noteHop(b, hop(1), true, 1)
	due()
	g.noteHop(a, tables.ReplyHop{Zone: 4}, true, 1)
	due()
	g.noteHop(a, hop(2), true, 1) // b has the old one
	due()
	g.noteHop(b, hop(3), true, 1)
	due(1)
	g.noteHop(b, hop(3), true, 1)
	due()
	g.noteHop(a, tables.ReplyHop{}, false, 1)
	g.noteHop(b, tables.ReplyHop{}, false, 1)
	due(2, 3)
}
