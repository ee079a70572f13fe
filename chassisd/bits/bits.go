package bits

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Grace is how long a packet may be on its way through the switch.
const Grace = 2 * time.Second

// A group without a bit takes that of another one only if it gains this many
// times as much, and margin flows more: each such change rewrites the flows of
// both.
const (
	factor = 2
	margin = 256
)

// State is how far a group is in getting or losing its bit.
type State uint8

const (
	// None: it has no bit.
	None State = iota
	// Setting: the bit is set on packets, flows do not match it yet, or see to it
	// that those get it which they match (NewMending).
	Setting
	// Matched: flows match it.
	Matched
	// Leaving: flows do not match it any more, it is still set.
	Leaving
)

func (s State) String() string { return [...]string{"none", "setting", "matched", "leaving"}[s] }

// Use is what a group's bit is good for: Flows are made once instead of once for
// each of the Members.
type Use struct{ Flows, Members int }

// Gain is how many flows a bit saves.
func (u Use) Gain() int { return u.Flows * max(u.Members-1, 0) }

// Holder is a group that has a bit.
type Holder struct {
	Name  string
	Bit   uint8
	State State
}

// holder is a bit in use. gen is the update of the switch that brought its
// state, since when that was installed; ready says that the next step is due.
type holder struct {
	Holder
	gen   int64
	since time.Time
	ready bool
}

// Allocator knows which bit is whose.
type Allocator struct {
	prefix      string
	first, last uint8
	uses        map[string]Use
	holders     map[string]*holder
	resting     map[uint8]*holder // bits that packets may still carry
	mending     bool              // see NewMending
	next        uint8             // where the search for a free bit begins
	stale       bool              // uses or bits have changed since Plan
}

// New returns an allocator of the bits from first to last. prefix begins its
// keys in external_ids.
func New(prefix string, first, last uint8) *Allocator {
	return &Allocator{
		prefix: prefix, first: first, last: last, next: first,
		uses: map[string]Use{}, holders: map[string]*holder{}, resting: map[uint8]*holder{},
	}
}

// NewMending is New for a field of which flows can give a packet the bit that it
// lacks, as long as the group is in the state Setting: they match it at once.
func NewMending(prefix string, first, last uint8) *Allocator {
	a := New(prefix, first, last)
	a.mending = true
	return a
}

// Restore takes over what an earlier run has written: bits that flows in the
// switch may match, and that packets therefore carry. The others it may have
// set too; they rest until gen, the first update of this run, is in the switch.
// Keys that hold no bit, or another's, are given back in order.
func (a *Allocator) Restore(ids map[string]string, gen int64) (bad []string) {
	taken := map[uint8]bool{}
	for _, key := range slices.Sorted(maps.Keys(ids)) {
		name, ok := strings.CutPrefix(key, a.prefix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(ids[key], 10, 8)
		bit := uint8(n)
		if err != nil || bit < a.first || bit > a.last || taken[bit] {
			bad = append(bad, key)
			continue
		}
		taken[bit] = true
		a.holders[name] = &holder{Holder: Holder{name, bit, Matched}}
	}
	for bit := a.first; bit <= a.last; bit++ {
		if !taken[bit] {
			a.resting[bit] = &holder{Holder: Holder{Bit: bit}, gen: gen}
		}
	}
	a.stale = true
	return bad
}

// SetUse says what a group's bit is good for.
func (a *Allocator) SetUse(name string, u Use) {
	a.uses[name] = u
	a.stale = true
}

// Forget says that a group is gone.
func (a *Allocator) Forget(name string) {
	delete(a.uses, name)
	a.stale = true
}

// Get returns the bit of a group.
func (a *Allocator) Get(name string) (bit uint8, s State) {
	if h := a.holders[name]; h != nil {
		return h.Bit, h.State
	}
	return 0, None
}

// Tick takes what time it is, which update is in the switch and what the
// bridge's external_ids hold, and tells whether Plan has something to do.
func (a *Allocator) Tick(installed int64, now time.Time, ids map[string]string) bool {
	due := a.stale
	each := func(h *holder, done func() bool) {
		if h.gen > installed {
			return
		}
		if h.since.IsZero() {
			h.since = now
		}
		h.ready = done()
		due = due || h.ready
	}
	for _, h := range a.holders {
		switch h.State {
		case Setting:
			each(h, func() bool { return now.Sub(h.since) >= Grace })
		case Leaving:
			// A run that found the key would match the bit at once.
			each(h, func() bool { return ids[a.prefix+h.Name] == "" })
		}
	}
	for _, h := range a.resting {
		each(h, func() bool { return now.Sub(h.since) >= Grace })
	}
	return due
}

// Plan takes the steps that are due and decides who gets a bit and who loses
// it, in the update gen of the switch. It returns the groups for which Get has
// changed, in order. atOnce tells of a group that no packet on its way can
// belong to: it needs no two steps.
func (a *Allocator) Plan(gen int64, atOnce func(name string) bool) []string {
	p := plan{a, gen, map[string]bool{}}
	p.advance()
	if a.stale {
		a.stale = false
		p.drop()
		p.give(atOnce)
	}
	return slices.Sorted(maps.Keys(p.changed))
}

// plan is one run of Plan.
type plan struct {
	*Allocator
	gen     int64
	changed map[string]bool
}

func (p plan) enter(h *holder, s State) {
	h.State, h.gen, h.since, h.ready = s, p.gen, time.Time{}, false
	p.changed[h.Name] = true
}

func (p plan) advance() {
	for bit, h := range p.resting {
		if h.ready {
			delete(p.resting, bit)
			p.stale = true
		}
	}
	for _, h := range p.holders {
		switch {
		case h.ready && h.State == Setting:
			p.enter(h, Matched)
		case h.ready && h.State == Leaving:
			p.rest(h)
		}
	}
}

// rest takes the bit away.
func (p plan) rest(h *holder) {
	p.enter(h, None)
	delete(p.holders, h.Name)
	p.resting[h.Bit] = h
}

// drop takes the bits of groups that are gone. They leave like others, as they
// may come again before the key in external_ids is gone.
func (p plan) drop() {
	for name, h := range p.holders {
		if _, ok := p.uses[name]; !ok && h.State != Leaving {
			p.enter(h, Leaving)
		}
	}
}

// give gives the bits to the groups that gain most.
func (p plan) give(atOnce func(name string) bool) {
	coming := len(p.resting) // bits that will be free
	for _, h := range p.holders {
		if h.State == Leaving {
			coming++
		}
	}
	for _, name := range p.candidates() {
		gain, s := p.gain(name), Setting
		if atOnce(name) {
			s = Matched
		} else if gain == 0 {
			continue
		}
		if p.again(name) {
			coming--
		} else if bit, ok := p.free(); ok {
			h := &holder{Holder: Holder{Name: name, Bit: bit}}
			p.holders[name] = h
			p.enter(h, s)
		} else if coming > 0 {
			coming--
		} else if v := p.least(); v != nil && gain > factor*p.gain(v.Name)+margin {
			p.enter(v, Leaving)
		} else {
			return
		}
	}
}

func (p plan) gain(name string) int { return p.uses[name].Gain() }

// candidates are the groups that have no bit, those first that gain most. Also
// one that does not gain yet may get a free bit, where that costs nothing.
func (p plan) candidates() (names []string) {
	for name, u := range p.uses {
		if u.Flows > 0 && p.holders[name] == nil {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		u, v := p.uses[a], p.uses[b]
		return cmp.Or(cmp.Compare(v.Gain(), u.Gain()), cmp.Compare(v.Flows, u.Flows), strings.Compare(a, b))
	})
	return names
}

// again gives a group the bit back that it has lost a moment ago. Not if flows
// match it at once: packets may have it of which the group knows nothing any more.
func (p plan) again(name string) bool {
	if p.mending {
		return false
	}
	for bit, h := range p.resting {
		if h.Name == name {
			delete(p.resting, bit)
			p.holders[name] = h
			p.enter(h, Setting)
			return true
		}
	}
	return false
}

// free finds a bit that nobody has. Numbers go round, so that one given back is
// not handed out again at once.
func (p plan) free() (uint8, bool) {
	taken := map[uint8]bool{}
	for _, h := range p.holders {
		taken[h.Bit] = true
	}
	n := p.last - p.first + 1
	for i := range n {
		bit := p.first + (p.next-p.first+i)%n
		if p.resting[bit] == nil && !taken[bit] {
			p.next = p.first + (bit-p.first+1)%n
			return bit, true
		}
	}
	return 0, false
}

// least is the holder that gains least, of those that are not leaving.
func (p plan) least() (least *holder) {
	for _, h := range p.holders {
		if h.State != Leaving && (least == nil || p.less(h, least)) {
			least = h
		}
	}
	return least
}

func (p plan) less(a, b *holder) bool {
	u, v := p.uses[a.Name], p.uses[b.Name]
	return cmp.Or(cmp.Compare(u.Gain(), v.Gain()), cmp.Compare(u.Flows, v.Flows), strings.Compare(b.Name, a.Name)) < 0
}

// Holders returns those that have a bit, by bit.
func (a *Allocator) Holders() (out []Holder) {
	for _, h := range a.holders {
		out = append(out, h.Holder)
	}
	slices.SortFunc(out, func(a, b Holder) int { return cmp.Compare(a.Bit, b.Bit) })
	return out
}

// UseOf is what SetUse said.
func (a *Allocator) UseOf(name string) Use { return a.uses[name] }

// Diff returns what to set in and what to remove from the bridge's external_ids
// so that they hold the bits that flows match; keys of others are left alone.
func (a *Allocator) Diff(ids map[string]string) (set map[string]string, gone []string) {
	set = map[string]string{}
	for name, h := range a.holders {
		if value := strconv.Itoa(int(h.Bit)); h.State == Matched && ids[a.prefix+name] != value {
			set[a.prefix+name] = value
		}
	}
	for key := range ids {
		if name, ok := strings.CutPrefix(key, a.prefix); ok {
			if _, s := a.Get(name); s != Matched {
				gone = append(gone, key)
			}
		}
	}
	slices.Sort(gone)
	return set, gone
}
