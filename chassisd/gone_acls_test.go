package chassisd

import (
	"errors"
	"maps"
	"testing"
	"time"
)

// TestGoneACLs: an ACL's connections are ended once its flows are out of the
// switch, one such pass at a time; one that fails is tried again, but not for ever.
func TestGoneACLs(t *testing.T) {
	now := time.Unix(1, 0)
	a := New(Config{Now: func() time.Time { return now }})
	g := &a.gone
	due := func(gen int64, want ...uint16) {
		t.Helper()
		got := g.due(gen, now)
		all := map[uint16]bool{}
		for _, acl := range want {
			all[acl] = true
		}
		if !maps.Equal(got, all) {
			t.Errorf("at %d are due %v, want %v", gen, got, want)
		}
	}
	g.note(5, 3)
	g.note(6, 4)
	due(2)
	due(3, 5)
	g.busy = true
	due(4)
	a.connectionsEnded(connectionsEnd{acls: map[uint16]bool{5: true}})
	due(4, 6)

	for try := range maxFails {
		a.connectionsEnded(connectionsEnd{acls: map[uint16]bool{6: true}, err: errors.New("no")})
		due(4)
		now = now.Add(time.Minute)
		if try < maxFails-1 {
			due(4, 6)
		} else {
			due(4)
		}
	}
	g.note(7, 5)
	due(5, 7)
}
