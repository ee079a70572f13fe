package tables

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema/sb"
)

// conjWorld is a switch of three ports on which units of random flows come
// and go, all of them in one table, and the flow table that an agent makes of
// them.
type conjWorld struct {
	world
	r     *rand.Rand
	units map[string][]sb.Flow // by unit
	sets  map[string][]string  // members of address sets
	table *ofctrl.Table
}

const conjDatapath = 5

func newConjWorld(t testing.TB, r *rand.Rand, ids uint32) *conjWorld {
	w := &conjWorld{r: r, units: map[string][]sb.Flow{}, sets: map[string][]string{}}
	for _, set := range conjSets {
		w.fill(set)
	}
	w.start(t, ids)
	return w
}

// start is what an agent that is started does: it computes all anew.
func (w *conjWorld) start(t testing.TB, ids uint32) []ofctrl.OwnerFlows {
	w.world, w.table = newWorld(t), ofctrl.NewTable()
	w.conj = newConjunctions(ids)
	w.Tables.sets.few = 2
	for _, set := range conjSets {
		w.addressSet(set, w.sets[set]...)
	}
	w.datapath("sw", conjDatapath)
	for i := range 3 {
		w.port("sw", fmt.Sprint("vm", i+1), int64(i+1), "")
		w.iface(fmt.Sprint("vm", i+1), 7+i)
	}
	for _, unit := range slices.Sorted(maps.Keys(w.units)) {
		w.chunk("sw", unit, w.units[unit]...)
	}
	return w.apply()
}

// apply commits and does with the changes what an agent does.
func (w *conjWorld) apply() []ofctrl.OwnerFlows {
	w.commit()
	var changed []ofctrl.OwnerFlows
	for _, c := range w.Units.Changes() {
		changed = append(changed, ofctrl.OwnerFlows{Owner: c.Key.Unit, Packed: c.New.Flows})
		w.table.Set(c.Key.Unit, c.New.Flows, func(ofctrl.Key) {})
		if len(c.New.Errors) > 0 {
			w.t.Fatal(c.New.Errors)
		}
		if !c.Has {
			w.Release(SharedUnit{c.Key.Owner, c.Key})
		}
	}
	for _, c := range w.FamilyFlows.Changes() {
		changed = append(changed, ofctrl.OwnerFlows{Owner: c.Key.String(), Packed: c.New.Flows})
		w.table.Set(c.Key.String(), c.New.Flows, func(ofctrl.Key) {})
	}
	return changed
}

// conjSets are address sets, which are kept apart where they have more than
// two members.
var conjSets = []string{"a", "b"}

// fill makes other members of a set. They overlap, as addresses and networks
// do, and are values of a register that is the highest part of its field.
func (w *conjWorld) fill(set string) {
	w.sets[set] = nil
	for range w.r.IntN(7) {
		m := fmt.Sprintf("%#x%024x", w.r.IntN(8), 0)
		if w.r.IntN(3) == 0 {
			v := w.r.IntN(8)
			m = fmt.Sprintf("%#x%024x/%#x%024x", v&6, 0, 0xfffffffe, 0xffffffff)
		}
		if !slices.Contains(w.sets[set], m) {
			w.sets[set] = append(w.sets[set], m)
		}
	}
}

// changeSet replaces the members of a set, one by one.
func (w *conjWorld) changeSet() {
	set := conjSets[w.r.IntN(len(conjSets))]
	for _, m := range w.sets[set] {
		w.Addresses.Delete(SetMember{id(set), m})
	}
	w.fill(set)
	w.addressSet(set, w.sets[set]...)
}

// step replaces a unit by other flows, or deletes it. They are made of few
// sets, so that flows of one priority and of several often share clauses.
func (w *conjWorld) step() {
	if w.r.IntN(3) == 0 {
		w.changeSet()
		return
	}
	unit := fmt.Sprint("acl", w.r.IntN(4))
	w.units[unit] = nil
	for range w.r.IntN(4) {
		f := w.flow()
		// Flows that differ in nothing but their actions are one flow to the
		// switch, and so share their ids.
		if !slices.ContainsFunc(w.units[unit], func(o sb.Flow) bool { return o.Priority == f.Priority && o.Match == f.Match }) {
			w.units[unit] = append(w.units[unit], f)
		}
	}
	if len(w.units[unit]) == 0 {
		delete(w.units, unit)
		w.Chunks.Delete(Path{id("sw"), unit})
	} else {
		w.chunk("sw", unit, w.units[unit]...)
	}
}

func (w *conjWorld) flow() sb.Flow {
	n := w.r.IntN(1 << 20)
	return sb.Flow{Pipeline: sb.Ingress, Priority: uint16(1000 + w.r.IntN(3)), Match: w.match(), Actions: fmt.Sprintf("reg9 = %d; next;", n)}
}

func (w *conjWorld) match() string {
	pick := func(s ...string) string { return s[w.r.IntN(len(s))] }
	and := func() string {
		parts := []string{pick("reg0 == {0, 3, 5}", "reg0 == {1, 2, 3, 6}", "reg0 == {0, 3, 5, 7}", "xxreg0 == $a", "xxreg0 == {$a, $b}", "xxreg0 != $b"),
			pick("reg4 == {1, 4, 6}", "reg4 == {0, 1, 5, 6}", "reg4 == {2, 3, 7}", "xxreg1 == $a", "xxreg1 == $b")}
		switch w.r.IntN(3) {
		case 0:
			parts = append(parts, pick(`inport == {"vm1", "vm2"}`, `inport == {"vm2", "vm3"}`))
		case 1:
			parts = append(parts, pick(`inport == "vm1"`, "reg8 == {1, 2}", "reg8 == 1"))
		}
		return strings.Join(parts, " && ")
	}
	switch w.r.IntN(6) {
	case 0:
		return pick("reg0 == 3", "xxreg1 == $b", "xxreg0 == $a && reg0 != 3", "reg4 == {1, 4, 6}", `inport == "vm2"`, "1")
	case 1:
		return "(" + and() + ") || (" + and() + ")"
	}
	return and()
}

// conjPacket is a packet, as the language and as the switch see it.
type conjPacket struct {
	regs   [3]uint64 // reg0, reg4 and reg8, which are parts of three fields
	inport uint64
}

// Number returns a field of which a register is the highest 32 bits.
func (p *conjPacket) Number(s *lflow.Symbol) lflow.Value {
	switch s {
	case lflow.Reg(0).Symbol().Field:
		return lflow.U(p.regs[0]).Shl(96)
	case lflow.Reg(4).Symbol().Field:
		return lflow.U(p.regs[1]).Shl(96)
	}
	return lflow.U(p.regs[2]).Shl(s.Width - 32)
}

func (p *conjPacket) Text(*lflow.Symbol) string { return fmt.Sprint("vm", p.inport) }
func (p *conjPacket) Resident(string) bool      { return false }

func (p *conjPacket) field(f ofp.Field) uint64 {
	switch f {
	case ofp.Metadata:
		return conjDatapath
	case ofp.Reg(14):
		return p.inport
	}
	if (f-ofp.Reg(0))%4 != 0 {
		return 0 // a lower part
	}
	return p.regs[(f-ofp.Reg(0))/4]
}

// conjPackets calls fn with every packet that the matches can tell apart.
func conjPackets(fn func(p *conjPacket)) {
	for i := range uint64(8 * 8 * 3 * 3) {
		fn(&conjPacket{regs: [3]uint64{i % 8, i / 8 % 8, i / 64 % 3}, inport: 1 + i/192})
	}
}

// meant returns what the logical flows do with a packet: the cookies of all
// flows of the highest priority that match, as between these nothing is said.
func (w *conjWorld) meant(p *conjPacket, parsed map[string]*lflow.Expr) (cookies []uint64) {
	best := -1
	for unit, flows := range w.units {
		path := Path{id("sw"), unit}.String()
		for i := range flows {
			f := &flows[i]
			if int(f.Priority) < best || !lflow.Evaluate(parsed[f.Match], p) {
				continue
			}
			if int(f.Priority) > best {
				best, cookies = int(f.Priority), nil
			}
			cookies = append(cookies, cookie(f.UUID(path)))
		}
	}
	return cookies
}

func (w *conjWorld) parse() map[string]*lflow.Expr {
	parsed := map[string]*lflow.Expr{}
	opts := &lflow.Options{AddressSet: func(name string) ([]lflow.Constant, bool) {
		var all []lflow.Constant
		for _, m := range w.sets[name] {
			c, err := lflow.ParseConstant(m)
			if err != nil {
				w.t.Fatal(err)
			}
			all = append(all, c)
		}
		return all, true
	}}
	for _, flows := range w.units {
		for _, f := range flows {
			e, err := lflow.ParseMatch(f.Match, opts)
			if err != nil {
				w.t.Fatal(err)
			}
			parsed[f.Match] = e
		}
	}
	return parsed
}

// rule is a flow of the switch.
type rule struct {
	ofctrl.Flow
	conjID  uint64 // 0: the match says nothing about it
	clauses []clause
}

// clause is a conjunction action.
type clause struct {
	id uint32
	k  uint8
	n  uint8
}

func (w *conjWorld) rules() (rs []rule) {
	w.table.Keys(func(k ofctrl.Key) {
		f, _, _ := w.table.Want(k)
		r := rule{Flow: f, clauses: clauses(f.Actions)}
		if err := f.Match.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
			if f == ofp.ConjID {
				r.conjID = v.Lo
			}
			return true
		}); err != nil {
			w.t.Fatal(err)
		}
		rs = append(rs, r)
	})
	slices.SortFunc(rs, func(a, b rule) int { return int(b.Priority) - int(a.Priority) })
	return rs
}

// clauses reads NXAST_CONJUNCTION: clause, n and id behind 10 bytes of header.
func clauses(a ofp.Actions) (cs []clause) {
	for _, c := range a.Conjunctions() {
		cs = append(cs, clause{binary.BigEndian.Uint32([]byte(c[12:])), c[10], c[11]})
	}
	return cs
}

func (r *rule) matches(p *conjPacket, conjID uint64) bool {
	ok := true
	err := r.Match.Fields(func(f ofp.Field, v, m ofp.U128) bool {
		have := conjID
		if f != ofp.ConjID {
			have = p.field(f)
		}
		ok = have&m.Lo == v.Lo
		return ok
	})
	return ok && err == nil
}

// classify does what Open vSwitch does (ovs-actions(7), conjunction): of the
// flows without conjunction actions the one of the highest priority, unless at
// a higher priority all clauses of a conjunction are met; then the packet is
// looked up again with its id. rs are sorted by priority.
func classify(rs []rule, p *conjPacket) (cookie uint64, ok bool) {
	hard := hardMatch(rs, p, 0)
	for i := 0; i < len(rs) && (hard == nil || rs[i].Priority > hard.Priority); {
		met, n := map[uint32]uint64{}, map[uint32]uint8{}
		for prio := rs[i].Priority; i < len(rs) && rs[i].Priority == prio; i++ {
			if len(rs[i].clauses) > 0 && rs[i].matches(p, 0) {
				for _, c := range rs[i].clauses {
					met[c.id] |= 1 << c.k
					n[c.id] = c.n
				}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(met)) {
			if met[id] != 1<<n[id]-1 {
				continue
			}
			if r := hardMatch(rs, p, uint64(id)); r != nil {
				return r.Cookie, true
			}
		}
	}
	if hard == nil {
		return 0, false
	}
	return hard.Cookie, true
}

func hardMatch(rs []rule, p *conjPacket, conjID uint64) *rule {
	for i := range rs {
		if len(rs[i].clauses) == 0 && rs[i].matches(p, conjID) {
			return &rs[i]
		}
	}
	return nil
}

// verify compares the flow table with the logical flows for every packet, and
// looks at the ids.
func (w *conjWorld) verify() {
	w.t.Helper()
	rs, parsed := w.rules(), w.parse()
	conjPackets(func(p *conjPacket) {
		want := w.meant(p, parsed)
		got, ok := classify(rs, p)
		if ok != (len(want) > 0) || ok && !slices.Contains(want, got) {
			w.t.Fatalf("%+v: flow %#x, want one of %#x\n%s", p, got, want, w.describe())
		}
	})
	owners := map[uint32]string{}
	for unit := range w.units {
		lowered, _ := w.Units.Get(Path{id("sw"), unit})
		flows := lowered.Flows.List()
		for k, l := range w.FamilyFlows.All() {
			if k.Family.Unit.Path.Unit == unit {
				flows = append(flows, l.Flows.List()...)
			}
		}
		w.verifyIDs(unit, flows, owners)
	}
}

// verifyIDs wants ids that no other flow has, and for each of them a flow that
// matches it and all clauses, counted alike.
func (w *conjWorld) verifyIDs(unit string, flows []ofctrl.Flow, owners map[uint32]string) {
	w.t.Helper()
	met, n, matched := map[uint32]uint64{}, map[uint32]uint8{}, map[uint32]bool{}
	use := func(id uint32, f *ofctrl.Flow) {
		owner := fmt.Sprintf("%s/%#x", unit, f.Cookie)
		if was, ok := owners[id]; ok && was != owner {
			w.t.Fatalf("conjunction %d is of %s and of %s\n%s", id, was, owner, w.describe())
		}
		owners[id] = owner
	}
	for i := range flows {
		f := &flows[i]
		for _, c := range clauses(f.Actions) {
			use(c.id, f)
			if n[c.id] != 0 && n[c.id] != c.n {
				w.t.Fatalf("conjunction %d has %d clauses and %d", c.id, n[c.id], c.n)
			}
			met[c.id] |= 1 << c.k
			n[c.id] = c.n
		}
		if err := f.Match.Fields(func(field ofp.Field, v, _ ofp.U128) bool {
			if field == ofp.ConjID {
				use(uint32(v.Lo), f)
				matched[uint32(v.Lo)] = true
			}
			return true
		}); err != nil {
			w.t.Fatal(err)
		}
	}
	for id := range n {
		if met[id] != 1<<n[id]-1 || !matched[id] {
			w.t.Fatalf("conjunction %d: clauses %b of %d, matched %v\n%s", id, met[id], n[id], matched[id], w.describe())
		}
	}
	if len(matched) != len(n) {
		w.t.Fatalf("%d conjunctions have clauses, %d are matched", len(n), len(matched))
	}
}

func (w *conjWorld) describe() string {
	var b strings.Builder
	fmt.Fprintln(&b, w.sets)
	for _, unit := range slices.Sorted(maps.Keys(w.units)) {
		for _, f := range w.units[unit] {
			fmt.Fprintf(&b, "%s %d %s: %s %#x\n", unit, f.Priority, f.Match, f.Actions, cookie(f.UUID(Path{id("sw"), unit}.String())))
		}
	}
	w.table.Keys(func(k ofctrl.Key) {
		f, owner, _ := w.table.Want(k)
		fmt.Fprintln(&b, owner, f)
	})
	return b.String()
}

// flowSet is the flow table as text, sorted.
func (w *conjWorld) flowSet() []string {
	var all []string
	w.table.Keys(func(k ofctrl.Key) {
		f, _, _ := w.table.Want(k)
		all = append(all, f.String())
	})
	slices.Sort(all)
	return all
}

// TestConjunctiveTable: several flows of one table that share clauses, at one
// priority and at several, come and go in random order and over restarts; for
// every packet the table does what the logical flows say, and no two flows
// ever have an id in common.
func TestConjunctiveTable(t *testing.T) {
	for _, c := range []struct {
		name   string
		blocks uint32
	}{{"all ids", numBlocks}, {"few ids", 40}} {
		t.Run(c.name, func(t *testing.T) {
			w := newConjWorld(t, rand.New(rand.NewPCG(3, uint64(c.blocks))), c.blocks)
			shared, conjunctive, families := 0, 0, 0
			for range 100 {
				w.step()
				w.apply()
				w.verify()
				families += w.FamilyFlows.Len()
				for _, r := range w.rules() {
					if len(r.clauses) > 1 {
						shared++
					}
					if r.conjID != 0 {
						conjunctive++
					}
				}
				if w.r.IntN(8) > 0 {
					continue
				}
				before := w.flowSet()
				w.start(t, c.blocks)
				w.verify()
				if after := w.flowSet(); c.blocks == numBlocks && !slices.Equal(after, before) {
					t.Fatalf("after a restart\n%s\nbefore\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
				}
			}
			if shared < 300 || conjunctive < 300 || families < 300 {
				t.Errorf("only %d clauses are shared, %d flows conjunctive, %d parts of sets: the test says little", shared, conjunctive, families)
			}
		})
	}
}

// TestConjunctionIDs gives out and takes back runs of ids in random order, and
// compares with a model: what is given is free, within bounds, stays where it
// is, and is free again when it has been taken back.
func TestConjunctionIDs(t *testing.T) {
	const size, flows = 64, 12
	r := rand.New(rand.NewPCG(1, 2))
	c := newConjunctions(size)
	units := []SharedUnit{{Datapath: id("a")}, {Datapath: id("b")}, {Datapath: id("c")}}
	type given struct{ first, n uint32 } // ids
	model := map[conjKey]given{}
	for step := range 20_000 {
		unit := units[r.IntN(len(units))]
		k := conjKey{unit, uint64(r.IntN(flows))}
		switch op := r.IntN(20); {
		case op == 0:
			c.release(unit)
			maps.DeleteFunc(model, func(k conjKey, _ given) bool { return k.unit == unit })
		case op <= 3:
			kept := map[conjKey]bool{k: true}
			c.keep(unit, kept)
			maps.DeleteFunc(model, func(k conjKey, _ given) bool { return k.unit == unit && !kept[k] })
		case op == 4: // the agent is started again; the flows come in another order
			c = newConjunctions(size)
			for k, g := range model {
				n := (g.n + blockSize - 1) / blockSize
				model[k] = given{c.take(k, uint32(r.Uint64()), n), g.n}
			}
		default:
			blocks := uint32(1 + r.IntN(2))
			if len(model) > size/8 { // else fragments might leave no run of two
				continue
			}
			was, had := model[k]
			first := c.take(k, uint32(r.Uint64()), blocks)
			if had && was.n >= blocks*blockSize && first != was.first {
				t.Fatalf("step %d: %v moved from %d to %d", step, k, was.first, first)
			}
			model[k] = given{first, max(blocks*blockSize, was.n)}
		}
		owner := map[uint32]conjKey{}
		for k, g := range model {
			if g.first == 0 || g.first+g.n-1 > size*blockSize {
				t.Fatalf("step %d: %v has ids %+v", step, k, g)
			}
			for i := range g.n {
				if other, taken := owner[g.first+i]; taken {
					t.Fatalf("step %d: id %d is of %v and of %v", step, g.first+i, k, other)
				}
				owner[g.first+i] = k
			}
		}
		if len(c.blocks)*blockSize != len(owner) || len(c.runs) != len(model) {
			t.Fatalf("step %d: %d ids and %d runs are taken, want %d and %d", step, len(c.blocks)*blockSize, len(c.runs), len(owner), len(model))
		}
	}
}
