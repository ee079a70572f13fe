package zone

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStable(t *testing.T) {
	var a Allocator
	for i, name := range []string{"vm1", "vm2", DNAT("dp"), SNAT("dp")} {
		if z, fresh := a.Assign(name); int(z) != i+1 || !fresh {
			t.Errorf("%s got zone %d, fresh %v", name, z, fresh)
		}
	}
	if z, _ := a.Assign("vm2"); z != 2 {
		t.Errorf("vm2 got another zone, %d", z)
	}
	var b Allocator
	ids := a.IDs()
	ids["ovn-nb-cfg"] = "7"
	if bad := b.Restore(ids); bad != nil {
		t.Errorf("bad keys %v", bad)
	}
	if diff := cmp.Diff(a.IDs(), b.IDs()); diff != "" {
		t.Error(diff)
	}
	// Restored zones are known to be in use, and their owners' own.
	if z, fresh := b.Assign("vm1"); z != 1 || fresh {
		t.Errorf("vm1 after a restart: zone %d, fresh %v", z, fresh)
	}
	if z, _ := b.Assign("new"); z != 5 {
		t.Errorf("new port got %d", z)
	}
}

func TestBadKeys(t *testing.T) {
	var a Allocator
	bad := a.Restore(map[string]string{
		"ct-zone-a": "1", "ct-zone-b": "1", "ct-zone-c": "0", "ct-zone-d": "x", "ct-zone-e": "70000", "ct-zone-f": "-1",
	})
	want := []string{"ct-zone-b", "ct-zone-c", "ct-zone-d", "ct-zone-e", "ct-zone-f"}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Error(diff)
	}
}

func TestReuse(t *testing.T) {
	var a Allocator
	for i := range last {
		if z, fresh := a.Assign(fmt.Sprint(i)); z == 0 || !fresh {
			t.Fatalf("zone %d of %d: %d, fresh %v", i, last, z, fresh)
		}
	}
	if z, _ := a.Assign("more"); z != 0 {
		t.Errorf("a zone of nobody's: %d", z)
	}
	a.Release("41")
	a.Release("nobody")
	z, fresh := a.Assign("more")
	if z != 42 || !fresh {
		t.Errorf("zone %d, fresh %v", z, fresh)
	}
	if _, fresh := a.Assign("more"); fresh {
		t.Error("flushed twice")
	}
	a.Release("7")
	a.Release("more")
	if a.Get("more") != 0 || len(a.Names()) != last-2 {
		t.Errorf("%d names", len(a.Names()))
	}
}

func TestDiff(t *testing.T) {
	var a Allocator
	a.Assign("vm1")
	a.Assign("vm2")
	ids := map[string]string{"ct-zone-vm1": "1", "ct-zone-vm2": "9", "ct-zone-old": "3", "ovn-nb-cfg": "7"}
	set, gone := a.Diff(ids)
	if diff := cmp.Diff(map[string]string{"ct-zone-vm2": "2"}, set); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ct-zone-old"}, gone); diff != "" {
		t.Error(diff)
	}
	if set, gone := a.Diff(a.IDs()); len(set)+len(gone) != 0 {
		t.Errorf("nothing differs, but set %v and gone %v", set, gone)
	}
}

// TestRename: names change and numbers stay, also where names go round.
func TestRename(t *testing.T) {
	var a Allocator
	for _, name := range []string{"a", "b", "c", "d"} {
		a.Assign(name)
	}
	a.Rename(map[string]string{"a": "b", "b": "a", "c": "e", "nobody": "f"})
	want := map[string]string{"ct-zone-a": "2", "ct-zone-b": "1", "ct-zone-e": "3", "ct-zone-d": "4"}
	if diff := cmp.Diff(want, a.IDs()); diff != "" {
		t.Error(diff)
	}
	a.Rename(map[string]string{"d": "e"}) // which is somebody else's
	if a.Get("e") != 3 || a.Get("d") != 0 {
		t.Errorf("zones %v", a.IDs())
	}
	a.Rename(map[string]string{"e": "g"})
	for _, name := range []string{"h", "i"} {
		if z, fresh := a.Assign(name); z == 1 || z == 2 || z == 3 || !fresh {
			t.Errorf("%s got zone %d", name, z)
		}
	}
}

// TestClaim: a number that is asked for is taken from who has it; zone 0 is shared,
// and is kept over a restart.
func TestClaim(t *testing.T) {
	var a Allocator
	a.Assign("vm1")
	a.Assign(SNAT("r1"))
	a.Claim(SNAT("r1"), 1)
	if a.Has("vm1") || a.Get(SNAT("r1")) != 1 || a.Holder(2) != "" {
		t.Errorf("%v", a.IDs())
	}
	if z, fresh := a.Assign("vm1"); z == 1 || !fresh {
		t.Errorf("vm1 has zone %d", z)
	}
	a.Claim(SNAT("r1"), 0)
	a.Claim(SNAT("r2"), 0)
	if a.Holder(0) != "" || !a.Has(SNAT("r1")) || !a.Has(SNAT("r2")) {
		t.Errorf("zone 0 is not shared: %v", a.IDs())
	}
	var b Allocator
	if bad := b.Restore(map[string]string{"ct-zone-vm9": "0", "ct-zone-r1_snat": "0", "ct-zone-vm1": "3"}); len(bad) != 1 || bad[0] != "ct-zone-vm9" {
		t.Errorf("bad keys %v", bad)
	}
	set, gone := b.Diff(map[string]string{"ct-zone-r1_snat": "0"})
	if len(set) != 1 || set["ct-zone-vm1"] != "3" || gone != nil {
		t.Errorf("set %v, gone %v", set, gone)
	}
}
