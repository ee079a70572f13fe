package northd

import (
	"cmp"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Compiler compiles northbound rows. One goroutine owns it.
type Compiler struct {
	e        *incr.Engine
	features []feature
	tables

	maxDatapathKey, maxPortKey int
	datapathSpace, aclSpace    *space
	portSpaces                 map[schema.UUID]*space // by switch

	stats  incr.Stats
	all    []Problem
	failed []Problem // of them: rows whose functions panicked
}

// New returns a compiler that knows nothing yet.
func New(o Options) *Compiler {
	var opts []incr.Option
	if o.Workers > 0 {
		opts = append(opts, incr.Workers(o.Workers))
	}
	c := &Compiler{
		e: incr.New(opts...), features: features(), portSpaces: map[schema.UUID]*space{},
		maxDatapathKey: cmp.Or(o.MaxDatapathKey, 1<<24-1), maxPortKey: cmp.Or(o.MaxPortKey, 1<<15-1),
	}
	c.datapathSpace, c.aclSpace = newSpace(c.maxDatapathKey), newSpace(maxACLID)
	c.declare()
	return c
}

// Apply takes what changed and returns what changes because of it.
//
// Hot path: cost depends on what the changes touch, not on the size of the
// network; BenchmarkAddPort pins it.
func (c *Compiler) Apply(in Input) Output {
	c.take(in)
	c.stats = c.e.Commit()
	var f feeds
	f.take(c)
	if c.giveKeys(in) {
		s := c.e.Commit()
		c.stats.Inputs += s.Inputs
		c.stats.Evaluated += s.Evaluated
		c.stats.Changed += s.Changed
		f.take(c)
	}
	return c.output(&f)
}

// take sets the input tables.
func (c *Compiler) take(in Input) {
	for _, ch := range in.NB {
		switch ch.Table {
		case "Logical_Switch":
			set(c.ls, ch)
		case "Logical_Switch_Port":
			set(c.lsp, ch)
		case "NB_Global":
			set(c.global, ch)
		case "ACL":
			set(c.aclRows, ch)
		case "Port_Group":
			set(c.pgs, ch)
		case "Address_Set":
			set(c.sets, ch)
		case "Meter":
			set(c.meters, ch)
		case "Meter_Band":
			set(c.meterBands, ch)
		case "Copp":
			set(c.copps, ch)
		case "Sample":
			set(c.samples, ch)
		case "Sample_Collector":
			set(c.collectors, ch)
		case "Sampling_App":
			set(c.apps, ch)
		case "Logical_Router":
			set(c.others, ch)
		}
	}
	for id, row := range in.Chassis {
		if row == nil {
			c.chassis.Delete(id)
		} else {
			c.chassis.Set(id, row)
		}
	}
	for id, claim := range in.Claims {
		if claim == nil {
			c.claims.Delete(id)
		} else {
			c.claims.Set(id, *claim)
		}
	}
}

func set[R schema.Row](t *incr.Input[schema.UUID, R], ch Change) {
	if ch.New == nil {
		t.Delete(ch.UUID)
	} else {
		t.Set(ch.UUID, ch.New.(R))
	}
}

// giveKeys settles the wishes for tunnel keys and tells whether a key or its
// problem changed.
func (c *Compiler) giveKeys(in Input) bool {
	changed := false
	var wishes []wish
	for _, ch := range c.datapathWishes.Changes() {
		wishes = append(wishes, wish{ch.Key, ch.New, !ch.Has})
	}
	if len(wishes) > 0 {
		ids := c.datapathSpace.settle(wishes, in.DatapathKeys)
		changed = publish(c.datapathSpace, ids, c.datapathKeys, c.keyProblems)
	}
	wishes = nil
	for _, ch := range c.aclWishes.Changes() {
		wishes = append(wishes, wish{ch.Key, ch.New, !ch.Has})
	}
	if len(wishes) > 0 {
		ids := c.aclSpace.settle(wishes, in.ACLIDs)
		changed = publish(c.aclSpace, ids, c.aclIDs, c.keyProblems) || changed
	}
	bySwitch := map[schema.UUID][]wish{}
	for _, ch := range c.portWishes.Changes() {
		if ch.Had && ch.Old.sw != ch.New.sw {
			bySwitch[ch.Old.sw] = append(bySwitch[ch.Old.sw], wish{id: ch.Key, gone: true})
		}
		if ch.Has {
			bySwitch[ch.New.sw] = append(bySwitch[ch.New.sw], wish{id: ch.Key, request: ch.New.request})
		}
	}
	// A port that changes switches leaves one space and enters another: the
	// key it has is the one of the space that it is in.
	type result struct {
		s   *space
		ids []schema.UUID
	}
	var settled []result
	for _, sw := range slices.SortedFunc(maps.Keys(bySwitch), schema.UUID.Compare) {
		s := c.portSpaces[sw]
		if s == nil {
			s = newSpace(c.maxPortKey)
			c.portSpaces[sw] = s
		}
		settled = append(settled, result{s, s.settle(bySwitch[sw], in.PortKeys)})
		if len(s.want) == 0 {
			delete(c.portSpaces, sw)
		}
	}
	for _, left := range []bool{true, false} {
		for _, r := range settled {
			ids := slices.DeleteFunc(slices.Clone(r.ids), func(id schema.UUID) bool {
				_, in := r.s.want[id]
				return in == left
			})
			changed = publish(r.s, ids, c.portKeys, c.keyProblems) || changed
		}
	}
	return changed
}

// publish makes the keys of a space's objects inputs.
func publish(s *space, ids []schema.UUID, keys *incr.Input[schema.UUID, int], bad *incr.Input[schema.UUID, string]) bool {
	changed := false
	for _, id := range ids {
		k, ok := s.keys[id]
		old, had := keys.Get(id)
		switch {
		case ok:
			keys.Set(id, k)
		case had:
			keys.Delete(id)
		}
		why := s.problem(id)
		oldWhy, _ := bad.Get(id)
		if why == "" {
			bad.Delete(id)
		} else {
			bad.Set(id, why)
		}
		changed = changed || ok != had || k != old || why != oldWhy
	}
	return changed
}

// Stats says how much the last Apply computed.
func (c *Compiler) Stats() incr.Stats { return c.stats }

// Check compares all tables with what computing them from nothing gives. It
// returns nil, or an error that says which rows differ.
func (c *Compiler) Check() error { return c.e.Check() }
