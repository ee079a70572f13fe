package chassisd

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	flowPrefix  = sb.Prefix + sb.FlowsPath
	compiledKey = sb.Prefix + sb.CompiledPath
)

// decoder puts keys of etcd into the inputs of the tables.
type decoder struct {
	t      *tables.Tables
	inputs []resettable
	// compiled is what the southbound keys were compiled from.
	compiled  sb.Compiled
	resetting bool // a complete state is being taken
	// strings are those that the state or batch taken now has in many places:
	// names of ports and of chassis. Its keys, of which they are parts, are not
	// kept.
	strings map[string]string
	// bad are the keys that could not be understood: those rows are left out.
	bad map[string]string
}

func newDecoder(t *tables.Tables) *decoder {
	return &decoder{t: t, strings: map[string]string{}, bad: map[string]string{}, inputs: []resettable{
		t.Datapaths, t.Ports, t.Groups, t.GroupPorts, t.DPGroups, t.Chunks, t.Followed, t.Chassis, t.Encaps, t.Claims,
		t.Meters, t.MeterBands, t.AddressSets, t.Addresses, t.PortGroups, t.PortGroupPorts,
	}}
}

// resettable is an input that can be set as a whole.
type resettable interface {
	Reset()
	EndReset()
}

// take takes what the view tells.
func (d *decoder) take(b *view.Batch) {
	if b.Reset {
		d.resetting = true
		d.compiled = sb.Compiled{}
		clear(d.bad)
		for _, in := range d.inputs {
			in.Reset()
		}
	}
	d.drop(b.Dropped)
	for dp, on := range b.Followed {
		set(d.t.Followed, dp, struct{}{}, on)
	}
	for key, e := range b.Events {
		d.apply(key, e)
	}
	if b.More {
		return
	}
	d.strings = map[string]string{}
	if d.resetting {
		d.resetting = false
		for _, in := range d.inputs {
			in.EndReset()
		}
	}
}

// drop forgets the flows of datapaths and groups.
func (d *decoder) drop(owners map[schema.UUID]bool) {
	if len(owners) == 0 {
		return
	}
	for p := range d.t.Chunks.All() {
		if owners[p.Owner] {
			d.t.Chunks.Delete(p)
		}
	}
	maps.DeleteFunc(d.bad, func(key, _ string) bool {
		owner, ok := view.OwnerOf(key)
		return ok && owners[owner]
	})
}

// apply takes one key.
func (d *decoder) apply(key string, e view.Event) {
	var err error
	switch {
	case key == compiledKey:
		err = d.setCompiled(e)
	case strings.HasPrefix(key, flowPrefix):
		err = d.chunk(key[len(flowPrefix):], e)
	case strings.HasPrefix(key, sb.Prefix):
		err = d.southbound(key[len(sb.Prefix):], e)
	case strings.HasPrefix(key, sb.ChassisPrefix):
		err = d.chassis(key[len(sb.ChassisPrefix):], e)
	}
	if err != nil {
		d.bad[key] = err.Error()
	} else {
		delete(d.bad, key)
	}
}

func (d *decoder) setCompiled(e view.Event) error {
	var c sb.Compiled
	if e.Value != nil {
		if err := json.Unmarshal(e.Value, &c); err != nil {
			return err
		}
	}
	d.compiled = c
	return nil
}

// chunk takes "<owner>/<unit>".
func (d *decoder) chunk(rest string, e view.Event) error {
	owner, unit, ok := strings.Cut(rest, "/")
	id, err := schema.ParseUUID(owner)
	if err != nil || !ok {
		return fmt.Errorf("not a unit of flows: %q", rest)
	}
	set(d.t.Chunks, tables.Path{Owner: id, Unit: unit}, string(e.Value), e.Value != nil)
	return nil
}

// southbound takes "<Table>/<uuid>[/<column>/<member>]".
func (d *decoder) southbound(rest string, e view.Event) error {
	parts := strings.Split(rest, "/")
	if len(parts) != 2 && len(parts) != 4 {
		return nil // not a row: a later version's key
	}
	id, err := schema.ParseUUID(parts[1])
	if err != nil {
		return err
	}
	there := e.Value != nil
	if len(parts) == 4 {
		return d.member(parts[0], id, parts[2], parts[3], there)
	}
	switch parts[0] {
	case "Datapath_Binding":
		return decodeRow(d.t.Datapaths, parts[0], id, e)
	case "Port_Binding":
		return d.port(id, e)
	case "Multicast_Group":
		return decodeRow(d.t.Groups, parts[0], id, e)
	case "Address_Set":
		return decodeRow(d.t.AddressSets, parts[0], id, e)
	case "Port_Group":
		return decodeRow(d.t.PortGroups, parts[0], id, e)
	case "Meter":
		return decodeRow(d.t.Meters, parts[0], id, e)
	case "Meter_Band":
		return decodeRow(d.t.MeterBands, parts[0], id, e)
	}
	return nil
}

// once returns a string as it is kept.
func (d *decoder) once(s string) string {
	kept, ok := d.strings[s]
	if !ok {
		kept = strings.Clone(s)
		d.strings[kept] = kept
	}
	return kept
}

// port takes a port.
func (d *decoder) port(id schema.UUID, e view.Event) error {
	if e.Value == nil {
		d.t.Ports.Delete(id)
		return nil
	}
	decoded, err := schema.DecodeRow(sb.Schema().Table("Port_Binding"), id, e.Value)
	if err != nil {
		d.t.Ports.Delete(id)
		return err
	}
	p := tables.PortOf(decoded.(*sb.PortBinding))
	for _, s := range p.Strings() {
		*s = d.once(*s)
	}
	d.t.Ports.Set(id, p)
	return nil
}

// member takes one element of a column that is stored by member.
func (d *decoder) member(table string, row schema.UUID, column, part string, there bool) error {
	switch table + "." + column {
	case "Multicast_Group.ports":
		return rowMember(d.t.GroupPorts, row, part, there)
	case "Logical_DP_Group.datapaths":
		return rowMember(d.t.DPGroups, row, part, there)
	case "Address_Set.addresses":
		return d.textMember(d.t.Addresses, table, column, row, part, there)
	case "Port_Group.ports":
		return d.textMember(d.t.PortGroupPorts, table, column, row, part, there)
	}
	return nil
}

// rowMember takes an element that names a row.
func rowMember(in input[tables.Member, struct{}], group schema.UUID, part string, there bool) error {
	id, err := schema.ParseUUID(part)
	if err != nil {
		return err
	}
	set(in, tables.Member{Group: group, Row: id}, struct{}{}, there)
	return nil
}

// textMember takes an element that is a string.
func (d *decoder) textMember(in input[tables.SetMember, struct{}], table, column string, row schema.UUID, part string, there bool) error {
	name, _, err := schema.DecodeMember(sb.Schema().Table(table).Column(column), part, nil)
	if err != nil {
		return err
	}
	set(in, tables.SetMember{Set: row, Text: d.once(name.Str())}, struct{}{}, there)
	return nil
}

// chassis takes "<name>/<Table>/<uuid>".
func (d *decoder) chassis(rest string, e view.Event) error {
	parts := strings.Split(rest, "/")
	if len(parts) != 3 {
		return nil
	}
	id, err := schema.ParseUUID(parts[2])
	if err != nil {
		return err
	}
	switch parts[1] {
	case "Chassis":
		return decodeRow(d.t.Chassis, parts[1], id, e)
	case "Encap":
		if e.Value == nil {
			d.t.Encaps.Delete(id)
			return nil
		}
		row, err := schema.DecodeRow(sb.Schema().Table("Encap"), id, e.Value)
		if err != nil {
			d.t.Encaps.Delete(id)
			return err
		}
		d.t.Encaps.Set(id, tables.Encap{Encap: row.(*sb.Encap), Rev: e.Rev})
	case "Port_Binding":
		k := tables.ClaimKey{Port: id, Chassis: d.once(parts[0])}
		if e.Value == nil {
			d.t.Claims.Delete(k)
			return nil
		}
		row, err := schema.DecodeRow(sb.Schema().Table("Port_Binding"), id, e.Value)
		if err != nil {
			d.t.Claims.Delete(k)
			return err
		}
		c := tables.Claim{Rev: e.Created}
		if encap := row.(*sb.PortBinding).Encap; encap != nil {
			c.Encap = *encap
		}
		d.t.Claims.Set(k, c)
	}
	return nil
}

// input is what set and decodeRow need of an incr.Input.
type input[K comparable, V any] interface {
	Set(K, V)
	Delete(K)
}

func set[K comparable, V any](in input[K, V], k K, v V, there bool) {
	if there {
		in.Set(k, v)
	} else {
		in.Delete(k)
	}
}

// decodeRow sets a row, or leaves it out where it is gone or bad.
func decodeRow[R schema.Row](in input[schema.UUID, R], table string, id schema.UUID, e view.Event) error {
	if e.Value == nil {
		in.Delete(id)
		return nil
	}
	row, err := schema.DecodeRow(sb.Schema().Table(table), id, e.Value)
	if err != nil {
		in.Delete(id)
		return err
	}
	in.Set(id, row.(R))
	return nil
}
