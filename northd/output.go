package northd

import (
	"cmp"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// feeds are the changes of the output tables in one Apply, which may be two
// commits.
type feeds struct {
	units       []incr.Change[schema.UUID, unit]
	classUnits  []incr.Change[class, unit]
	aclUnits    []incr.Change[rule, unit]
	datapaths   []incr.Change[schema.UUID, *sb.DatapathBinding]
	bindings    []incr.Change[schema.UUID, *sb.PortBinding]
	multicast   []incr.Change[groupKey, *sb.MulticastGroup]
	dpGroups    []incr.Change[class, *sb.LogicalDPGroup]
	aclGroups   []incr.Change[scope, *sb.LogicalDPGroup]
	portGroups  []incr.Change[carrier, *sb.PortGroup]
	addressSets []incr.Change[string, *sb.AddressSet]
	meters      []incr.Change[meterUse, *sb.Meter]
	aclIDs      []incr.Change[schema.UUID, *sb.ACLID]
	meterBands  []incr.Change[schema.UUID, *sb.MeterBand]
	back        []incr.Change[schema.UUID, writeback]
	badPorts    []incr.Change[schema.UUID, []Problem]
	badSwitches []incr.Change[schema.UUID, []Problem]
	badACLs     []incr.Change[schema.UUID, []Problem]
	badOthers   []incr.Change[schema.UUID, []Problem]
}

func (f *feeds) take(c *Compiler) {
	fold(&f.units, c.units)
	fold(&f.classUnits, c.classUnits)
	fold(&f.aclUnits, c.aclUnits)
	fold(&f.datapaths, c.datapaths)
	fold(&f.bindings, c.bindings)
	fold(&f.multicast, c.multicast)
	fold(&f.dpGroups, c.dpGroups)
	fold(&f.aclGroups, c.aclGroups)
	fold(&f.portGroups, c.portGroups)
	fold(&f.addressSets, c.addressSets)
	fold(&f.meters, c.sbMeters)
	fold(&f.aclIDs, c.sbACLIDs)
	fold(&f.meterBands, c.sbBands)
	fold(&f.back, c.back)
	fold(&f.badPorts, c.badPorts)
	fold(&f.badSwitches, c.badSwitches)
	fold(&f.badACLs, c.badACLs)
	fold(&f.badOthers, c.badOthers)
}

// fold appends the changes of a table's last commit to those of an earlier
// one: a row that changed in both has one change.
func fold[K comparable, V any](all *[]incr.Change[K, V], t *incr.Table[K, V]) {
	changes := t.Changes()
	if len(*all) == 0 {
		*all = append(*all, changes...)
		return
	}
	if len(changes) == 0 {
		return
	}
	at := make(map[K]int, len(*all))
	for i, ch := range *all {
		at[ch.Key] = i
	}
	for _, ch := range changes {
		if i, ok := at[ch.Key]; ok {
			(*all)[i].New, (*all)[i].Has = ch.New, ch.Has
		} else {
			*all = append(*all, ch)
		}
	}
	*all = slices.DeleteFunc(*all, func(ch incr.Change[K, V]) bool { return !ch.Had && !ch.Has })
}

// output puts the changes together.
func (c *Compiler) output(f *feeds) Output {
	o := Output{
		Rows: slices.Concat(
			rowChanges("ACL_ID", f.aclIDs),
			rowChanges("Address_Set", f.addressSets),
			rowChanges("Datapath_Binding", f.datapaths),
			rowChanges("Logical_DP_Group", f.dpGroups),
			rowChanges("Logical_DP_Group", f.aclGroups),
			rowChanges("Meter", f.meters),
			rowChanges("Meter_Band", f.meterBands),
			rowChanges("Multicast_Group", f.multicast),
			rowChanges("Port_Binding", f.bindings),
			rowChanges("Port_Group", f.portGroups),
		),
		Units: slices.Concat(unitChanges(f.units), unitChanges(f.classUnits), unitChanges(f.aclUnits)),
		NB:    c.writebacks(f.back),
	}
	for _, feed := range [][]incr.Change[schema.UUID, []Problem]{f.badPorts, f.badSwitches, f.badACLs, f.badOthers} {
		for _, ch := range feed {
			o.diff(ch.Old, ch.New)
		}
	}
	failed := c.failures()
	o.diff(c.failed, failed)
	c.failed = failed
	slices.SortFunc(o.Rows, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), a.UUID.Compare(b.UUID))
	})
	slices.SortFunc(o.Units, func(a, b Unit) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(o.NB, func(a, b Change) int { return a.UUID.Compare(b.UUID) })
	slices.SortFunc(o.Problems, Problem.Compare)
	slices.SortFunc(o.Solved, Problem.Compare)
	c.follow(&o)
	return o
}
