package ofctrl

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// groupTap stands between the controller and a switch and counts the group mods
// by command.
type groupTap struct {
	target string

	mu   sync.Mutex
	mods map[uint16]int
}

func tapGroups(t *testing.T, sw *ovstest.Switch) *groupTap {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tap")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	tap := &groupTap{target: "unix:" + path, mods: map[uint16]int{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("unix", strings.TrimPrefix(sw.Mgmt(), "unix:"))
			if err != nil {
				c.Close()
				continue
			}
			go func() { _, _ = io.Copy(c, s); c.Close() }()
			go func() { tap.pass(c, s); s.Close() }()
		}
	}()
	return tap
}

func (g *groupTap) pass(from io.Reader, to io.Writer) {
	for {
		msg, err := readMessage(from)
		if err != nil {
			return
		}
		// A message of a bundle stands behind two headers of 8 bytes.
		if h, _ := ofp.ParseHeader(msg); h.Type == ofp.TypeBundleAdd && ofp.Type(msg[17]) == ofp.TypeGroupMod {
			g.mu.Lock()
			g.mods[binary.BigEndian.Uint16(msg[24:])]++
			g.mu.Unlock()
		}
		if _, err := to.Write(msg); err != nil {
			return
		}
	}
}

// took are the group mods since it was asked last.
func (g *groupTap) took() map[uint16]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	mods := g.mods
	g.mods = map[uint16]int{}
	return mods
}

// hashGroup is a group with buckets of these numbers.
func hashGroup(t *testing.T, ids ...uint32) ofp.GroupBody {
	t.Helper()
	g := ofp.GroupSpec{Type: ofp.GroupSelect, Select: "hash", Fields: []ofp.Field{ofp.IPv4Src, ofp.IPv4Dst}}
	for _, id := range ids {
		g.Bucket = append(g.Bucket, ofp.Bucket{ID: id, Weight: 100, Actions: out(1)})
	}
	body, err := g.Body()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// A bucket that comes and one that goes are a message each, in one bundle with
// the rest; what is read back is what is wanted. Where the switch has not what
// we knew, the group is sent whole.
func TestBucketsAlone(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	tap := tapGroups(t, sw)
	c := start(t, Config{Target: tap.target, Log: discard()})
	use := []Flow{{Table: 1, Priority: 1, Actions: acts(func(b *ofp.ActionBuilder) { b.Group(8) })}}
	gen := int64(0)
	var body ofp.GroupBody
	step := func(what string, want map[uint16]int, ids ...uint32) {
		t.Helper()
		gen++
		body = hashGroup(t, ids...)
		c.Update(Update{Gen: gen, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: use, Groups: []Group{{8, body}}}}})
		installedGen(t, c, gen)
		if got := tap.took(); !maps.Equal(got, want) {
			t.Errorf("%s: group mods by command %v, want %v", what, got, want)
		}
		g := sw.Ofctl("dump-groups")
		for _, id := range ids {
			if !strings.Contains(g, fmt.Sprintf("bucket_id:%d,weight:100,actions=output:1", id)) {
				t.Errorf("%s: no bucket %d: %s", what, id, g)
			}
		}
		if strings.Count(g, "bucket_id:") != len(ids) || !strings.Contains(g, "type=select,selection_method=hash,fields(ip_src,ip_dst)") {
			t.Errorf("%s: group %s", what, g)
		}
	}
	var ids []uint32
	for i := range uint32(20) {
		ids = append(ids, 1000*(i+1))
	}
	const remove, insert = ofp.GroupCmdRemoveBucket, ofp.GroupCmdInsertBucket
	step("new", map[uint16]int{ofp.GroupCmdAdd: 1}, ids...)
	ids[3] = 7
	step("one comes, one goes", map[uint16]int{remove: 1, insert: 1}, ids...)
	step("one goes", map[uint16]int{remove: 1}, ids[1:]...)
	step("three come", map[uint16]int{insert: 1}, append(ids, 8, 9)...)
	step("most go", map[uint16]int{ofp.GroupCmdModify: 1}, ids[:3]...)
	step("all come", map[uint16]int{ofp.GroupCmdModify: 1}, ids...)

	again := start(t, Config{Target: tap.target})
	again.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: use, Groups: []Group{{8, body}}}}})
	installedGen(t, again, 1)
	if n := again.Status().Counters; n.GroupMods+n.FlowAdds+n.FlowDeletes != 0 || len(tap.took()) != 0 {
		t.Errorf("a second agent sends what is there: %+v", n)
	}

	sw.Ofctl("remove-buckets", "group_id=8,command_bucket_id="+fmt.Sprint(ids[5]))
	step("somebody took it first", map[uint16]int{remove: 1, ofp.GroupCmdModify: 1}, append(ids[:5:5], ids[6:]...)...)
	if st := c.Status(); st.Drift.Groups != 0 || len(st.Refused) != 0 || st.Refusals != 0 || st.Contested != 0 {
		t.Errorf("status %+v", st)
	}
}

// Where the switch refuses a bucket and does what else it was told, the group is
// refused, and is as wanted as soon as that can be.
func TestBucketRefused(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	tap := tapGroups(t, sw)
	c := start(t, Config{Target: tap.target, Log: discard()})
	step := func(gen int64, body ofp.GroupBody, mods map[uint16]int, refused int, buckets ...string) {
		t.Helper()
		c.Update(Update{Gen: gen, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(int(gen)), Groups: []Group{{8, body}}}}})
		installedGen(t, c, gen)
		g := sw.Ofctl("dump-groups")
		for _, b := range buckets {
			if !strings.Contains(g, "bucket_id:"+b) {
				t.Errorf("step %d: no bucket %s: %s", gen, b, g)
			}
		}
		if got := tap.took(); !maps.Equal(got, mods) || strings.Count(g, "bucket_id:") != len(buckets) {
			t.Errorf("step %d: %v sent, want %v; group %s", gen, got, mods, g)
		}
		if st := c.Status(); len(st.Refused) != refused || st.Installed != int(gen) {
			t.Errorf("step %d: %+v", gen, st)
		}
	}
	bad := hashGroup(t, 2, 3, 4, 5, 6, 7)
	at := strings.Index(string(bad), "\x00\x00\x00\x07") + 4
	bad = bad[:at] + "\x7f" + bad[at+1:] // no action has that type
	const remove, insert, modify = ofp.GroupCmdRemoveBucket, ofp.GroupCmdInsertBucket, ofp.GroupCmdModify
	step(1, hashGroup(t, 1, 2, 3, 4, 5, 6), map[uint16]int{ofp.GroupCmdAdd: 1}, 0, "1", "2", "3", "4", "5", "6")
	step(2, bad, map[uint16]int{remove: 1, insert: 1, modify: 1}, 1, "2", "3", "4", "5", "6")
	step(3, hashGroup(t, 2, 3, 4, 5, 6, 8), map[uint16]int{remove: 1, insert: 1, modify: 1}, 0, "2", "3", "4", "5", "6", "8")
}

// A group whose last bucket goes is changed as a whole, and the switch takes one
// without buckets.
func TestLastBucket(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	tap := tapGroups(t, sw)
	c := start(t, Config{Target: tap.target})
	for i, ids := range [][]uint32{{1}, {}, {1, 2}, {2}, {}} {
		gen := int64(i + 1)
		c.Update(Update{Gen: gen, Complete: true, Flows: []OwnerFlows{{Owner: "a", Groups: []Group{{8, hashGroup(t, ids...)}}}}})
		installedGen(t, c, gen)
		if g := sw.Ofctl("dump-groups"); strings.Count(g, "bucket_id:") != len(ids) || !strings.Contains(g, "group_id=8") {
			t.Errorf("want %v: %s", ids, g)
		}
	}
	if got := tap.took(); !maps.Equal(got, map[uint16]int{ofp.GroupCmdAdd: 1, ofp.GroupCmdModify: 4}) {
		t.Errorf("group mods %v", got)
	}
	if st := c.Status(); st.Refusals != 0 {
		t.Errorf("refused: %+v", st.Refused)
	}
}
