package northd

import (
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// datapathRow is the row function of table "Datapath_Binding".
func (c *Compiler) datapathRow(r *incr.Reader, id schema.UUID) (*sb.DatapathBinding, bool) {
	s, ok := incr.Get(r, c.switches, id)
	key, keyed := incr.Get(r, c.datapathKeys, id)
	if !ok || !keyed {
		return nil, false
	}
	kind, nbUUID := "logical-switch", id
	row := &sb.DatapathBinding{
		Header:    schema.Header{UUID: id},
		TunnelKey: int64(key),
		Type:      &kind,
		NBUUID:    &nbUUID,
		// What was before column nb_uuid, and is still read by tools.
		ExternalIDs: map[string]string{"logical-switch": id.String(), "name": s.Name},
	}
	if s.Name2 != "" {
		row.ExternalIDs["name2"] = s.Name2
	}
	return row, true
}

// bindingRow is the row function of table "Port_Binding". Columns that
// chassis own stay empty.
func (c *Compiler) bindingRow(r *incr.Reader, id schema.UUID) (*sb.PortBinding, bool) {
	p, ok := incr.Get(r, c.ports, id)
	key, keyed := incr.Get(r, c.portKeys, id)
	port, there := incr.Get(r, c.lsp, id)
	if !ok || !keyed || !there {
		return nil, false
	}
	row := &sb.PortBinding{
		Header:       schema.Header{UUID: id},
		LogicalPort:  p.Name,
		Type:         p.Type,
		Options:      port.Options,
		Datapath:     p.Switch,
		TunnelKey:    int64(key),
		MAC:          port.Addresses,
		PortSecurity: port.PortSecurity,
		ExternalIDs:  port.ExternalIDs,
	}
	if name, ok := port.ExternalIDs["neutron:port_name"]; ok {
		row.ExternalIDs = maps.Clone(port.ExternalIDs)
		row.ExternalIDs["name"] = name
	}
	if port.ParentName != nil && *port.ParentName != "" {
		row.ParentPort = port.ParentName
	}
	if p.Tag != 0 {
		row.Tag = &p.Tag
	}
	c.requestChassis(r, row)
	return row, true
}

// requestChassis finds the chassis of options:requested-chassis, names or host
// names: the port's own, then additional ones.
func (c *Compiler) requestChassis(r *incr.Reader, row *sb.PortBinding) {
	text := row.Options["requested-chassis"]
	if text == "" {
		return
	}
	for i, name := range strings.Split(text, ",") {
		id, ok := c.findChassis(r, strings.TrimSpace(name))
		switch {
		case !ok:
		case i == 0:
			row.RequestedChassis = &id
		default:
			row.RequestedAdditionalChassis = append(row.RequestedAdditionalChassis, id)
		}
	}
	slices.SortFunc(row.RequestedAdditionalChassis, schema.UUID.Compare)
	row.RequestedAdditionalChassis = slices.Compact(row.RequestedAdditionalChassis)
}

func (c *Compiler) findChassis(r *incr.Reader, name string) (schema.UUID, bool) {
	if name == "" {
		return schema.UUID{}, false
	}
	if ids := incr.Lookup(r, c.chassisByName, name); len(ids) > 0 {
		return ids[0], true
	}
	if ids := incr.Lookup(r, c.chassisByHost, name); len(ids) > 0 {
		return ids[0], true
	}
	return schema.UUID{}, false
}

// rowChanges turns the changes of a table of rows into those of the database.
func rowChanges[K comparable, R schema.Row](table string, changes []incr.Change[K, R]) []Change {
	rows := make([]Change, len(changes))
	for i, ch := range changes {
		rows[i] = Change{Table: table}
		if ch.Had {
			rows[i].Old, rows[i].UUID = ch.Old, ch.Old.RowUUID()
		}
		if ch.Has {
			rows[i].New, rows[i].UUID = ch.New, ch.New.RowUUID()
		}
	}
	return rows
}
