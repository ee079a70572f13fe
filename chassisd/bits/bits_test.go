package bits

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func never(string) bool  { return false }
func always(string) bool { return true }

// run drives an allocator whose updates are in the switch at once.
type run struct {
	*Allocator
	gen int64
	now time.Time
	ids map[string]string
}

func newRun(first, last uint8) *run {
	return &run{Allocator: New("g-", first, last), now: time.Unix(1000, 0), ids: map[string]string{}}
}

func (r *run) step(d time.Duration, atOnce func(string) bool) {
	r.now = r.now.Add(d)
	r.Tick(r.gen, r.now, r.ids)
	r.gen++
	r.Plan(r.gen, atOnce)
	r.write()
}

func (r *run) write() {
	set, gone := r.Diff(r.ids)
	maps.Copy(r.ids, set)
	for _, k := range gone {
		delete(r.ids, k)
	}
}

func (r *run) String() string {
	var out []string
	for _, h := range r.Holders() {
		out = append(out, fmt.Sprintf("%d:%s:%s", h.Bit, h.Name, h.State))
	}
	return strings.Join(out, " ")
}

func (r *run) want(t *testing.T, what, want string) {
	t.Helper()
	if got := r.String(); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestSteps: setting, then matched; leaving, then another's.
func TestSteps(t *testing.T) {
	r := newRun(32, 33)
	r.SetUse("a", Use{1000, 2})
	r.SetUse("b", Use{2000, 2})
	r.SetUse("none", Use{0, 2})
	r.step(0, never)
	r.want(t, "given by gain", "32:b:setting 33:a:setting")
	if len(r.ids) != 0 {
		t.Errorf("a bit that flows do not match is written: %v", r.ids)
	}
	r.step(time.Second, never)
	r.step(Grace-time.Millisecond, never)
	r.want(t, "before the time", "32:b:setting 33:a:setting")
	r.step(time.Millisecond, never)
	r.want(t, "after it", "32:b:matched 33:a:matched")
	if r.ids["g-b"] != "32" || r.ids["g-a"] != "33" {
		t.Errorf("written: %v", r.ids)
	}
	r.SetUse("c", Use{2000 + margin, 2})
	r.step(time.Hour, always)
	r.want(t, "one that gains a little more changes nothing", "32:b:matched 33:a:matched")
	r.SetUse("c", Use{2001 + margin, 2})
	r.step(0, always)
	r.want(t, "one that gains much more", "32:b:matched 33:a:leaving")
	if r.ids["g-a"] != "" {
		t.Errorf("the bit of a group that leaves is written: %v", r.ids)
	}
	r.step(0, always)
	r.want(t, "its flows are expanded again", "32:b:matched")
	r.step(0, always)
	r.step(Grace-1, always)
	r.want(t, "packets may still carry it", "32:b:matched")
	r.step(1, always)
	r.want(t, "and then the other gets it", "32:b:matched 33:c:matched")

	again := newRun(32, 33)
	again.ids = r.ids
	again.ids["g-x"], again.ids["g-y"], again.ids["other"] = "33", "99", "33"
	if bad := again.Restore(again.ids, 1); !slices.Equal(bad, []string{"g-x", "g-y"}) {
		t.Errorf("bad keys %v", bad)
	}
	again.SetUse("c", Use{1, 2})
	again.SetUse("b", Use{1, 2})
	again.SetUse("new", Use{10, 2})
	again.step(0, never)
	again.want(t, "after a restart", "32:b:matched 33:c:matched")
	if len(again.ids) != 3 || again.ids["other"] != "33" {
		t.Errorf("written after a restart: %v", again.ids)
	}
	again.Forget("b")
	again.step(0, never)
	again.want(t, "a group that is gone", "32:b:leaving 33:c:matched")
	again.step(0, never)
	again.want(t, "and nowhere set", "33:c:matched")
	again.SetUse("b", Use{5, 2})
	again.step(0, always)
	again.want(t, "and comes again has its old bit", "32:b:setting 33:c:matched")
}

// TestEarly: a free bit goes to a group before it gains where that costs
// nothing, but never another's.
func TestEarly(t *testing.T) {
	r := newRun(32, 33)
	r.SetUse("a", Use{10, 1})
	r.SetUse("b", Use{20, 1})
	r.step(0, func(name string) bool { return name == "a" })
	r.want(t, "one of two", "32:a:matched")
	r.SetUse("c", Use{9, 1})
	r.SetUse("d", Use{9000, 1})
	r.step(0, always)
	r.want(t, "that with most flows", "32:a:matched 33:d:matched")
	r.SetUse("b", Use{20, 14})
	r.step(0, always)
	r.want(t, "one that gains", "32:a:leaving 33:d:matched")
}

// TestInstalled: time runs from when an update is in the switch.
func TestInstalled(t *testing.T) {
	r := newRun(32, 32)
	r.SetUse("a", Use{1, 2})
	r.gen = 7
	r.Plan(7, never)
	r.Tick(6, r.now.Add(time.Hour), r.ids)
	if due := r.Tick(7, r.now.Add(2*time.Hour), r.ids); due {
		t.Error("due when the update is just in the switch")
	}
	if due := r.Tick(7, r.now.Add(2*time.Hour+Grace), r.ids); !due {
		t.Error("not due when the time is over")
	}
}

// TestNoHole plays a switch: its flows change when updates are installed, some
// time after they are made, and packets are on their way for less than Grace.
// No packet may ever meet flows of its group that match a bit which it lacks,
// unless they see to it, or flows of another group that match one which it has;
// while a group gets its bit, nor may one that was of the group in an earlier life.
func TestNoHole(t *testing.T) {
	for name, make := range map[string]func(prefix string, first, last uint8) *Allocator{"two steps": New, "mending": NewMending} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				m := &model{make: make, a: make("g-", 30, 31), now: time.Unix(1000, 0), ids: map[string]string{}, used: map[string]time.Time{}, sw: map[string]installed{}, lives: map[string]int{}}
				for range 150 {
					m.step(rt)
					m.judge(rt)
				}
			})
		})
	}
}

type model struct {
	make    func(prefix string, first, last uint8) *Allocator
	a       *Allocator
	now     time.Time
	gen     int64
	done    int64
	updates []map[string]installed // not in the switch yet
	sw      map[string]installed   // in the switch, groups that are there
	ids     map[string]string
	used    map[string]time.Time // when a group was last there
	packets []packet
	lives   map[string]int // how often a group was gone: it may have other members then
}

// installed is what the flows of a group are.
type installed struct {
	Holder
	life int
}

type packet struct {
	group string
	life  int
	bit   uint8 // 0 for none
	until time.Time
}

func (m *model) step(rt *rapid.T) {
	names := []string{"a", "b", "c", "d"}
	name := rapid.SampledFrom(names).Draw(rt, "name")
	switch rapid.IntRange(0, 9).Draw(rt, "what") {
	case 0, 1:
		m.a.SetUse(name, Use{rapid.IntRange(0, 3000).Draw(rt, "flows"), rapid.IntRange(1, 2).Draw(rt, "members")})
		m.plan()
	case 2:
		m.a.Forget(name)
		m.lives[name]++
		m.plan()
	case 3, 4:
		m.install()
	case 5:
		set, gone := m.a.Diff(m.ids)
		maps.Copy(m.ids, set)
		for _, k := range gone {
			delete(m.ids, k)
		}
	case 6: // the agent starts again
		uses := m.a.uses
		m.updates, m.done = nil, 0 // of the new run nothing is in
		m.a = m.make("g-", 30, 31)
		m.a.Restore(m.ids, m.gen+1)
		m.a.uses = uses
		m.plan()
	default:
		m.now = m.now.Add(time.Duration(rapid.IntRange(1, 1500).Draw(rt, "ms")) * time.Millisecond)
		if m.a.Tick(m.done, m.now, m.ids) {
			m.plan()
		}
	}
	for g, h := range m.sw {
		p := packet{group: g, life: h.life, until: m.now.Add(Grace)}
		if h.State != None {
			p.bit = h.Bit
		}
		m.packets = append(m.packets, p)
	}
}

func (m *model) plan() {
	m.gen++
	m.a.Plan(m.gen, func(name string) bool {
		_, there := m.used[name]
		return !there // nor was it ever
	})
	flows := map[string]installed{}
	for name := range m.a.uses {
		bit, s := m.a.Get(name)
		flows[name] = installed{Holder{name, bit, s}, m.lives[name]}
		m.used[name] = m.now
	}
	m.updates = append(m.updates, flows)
}

func (m *model) install() {
	if len(m.updates) > 0 {
		m.done = m.gen - int64(len(m.updates)) + 1
		m.sw, m.updates = m.updates[0], m.updates[1:]
	}
}

func (m *model) judge(rt *rapid.T) {
	m.packets = slices.DeleteFunc(m.packets, func(p packet) bool { return !p.until.After(m.now) })
	for _, p := range m.packets {
		for g, h := range m.sw {
			wrong := h.State == Matched && (g == p.group) != (p.bit == h.Bit)
			if m.a.mending && h.State == Setting { // who lacks it gets it
				wrong = (g != p.group || p.life != h.life) && p.bit == h.Bit
			}
			if wrong {
				rt.Fatalf("flows of %s match bit %d, a packet of %s has %d; switch %v", g, h.Bit, p.group, p.bit, m.sw)
			}
		}
	}
}
