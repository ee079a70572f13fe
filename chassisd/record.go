package chassisd

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// actionLevel is the newest level of the action language that this agent
// understands; northd uses nothing above the lowest of those that need a flow.
const actionLevel = "1"

// features are what northd asks of a chassis before it uses something; the
// keys are those of OVN's controller.
var features = map[string]string{
	"ct-no-masked-label":    "true",
	"mac-binding-timestamp": "true",
	"ovn-ct-lb-related":     "true",
	"port-up-notif":         "true",
	"weft-action-level":     actionLevel,
}

func chassisUUID(name string) schema.UUID { return schema.NameUUID("Chassis", name) }

func encapUUID(name string, e config.Encap) schema.UUID {
	return schema.NameUUID("Encap", name, e.Type, e.IP.String())
}

// record makes the chassis's own rows, as OVN's controller fills them. Without
// an encapsulation there is no record: the schema has none without.
func record(c config.Config, br *vswitch.Bridge, ifaceTypes []string) map[string][]byte {
	if len(c.Encaps) == 0 || c.Name == "" || br == nil {
		return nil
	}
	id := chassisUUID(c.Name)
	types := slices.Clone(ifaceTypes)
	slices.Sort(types)
	chassis := &sb.Chassis{
		Header: schema.Header{UUID: id}, Name: c.Name, Hostname: c.Hostname, TransportZones: c.TransportZones,
		OtherConfig: map[string]string{"datapath-type": br.DatapathType, "iface-types": strings.Join(types, ",")},
	}
	for _, m := range []map[string]string{c.Texts, features} {
		for k, v := range m {
			chassis.OtherConfig[k] = v
		}
	}
	keys := map[string][]byte{}
	csum := "false"
	if c.Csum {
		csum = "true"
	}
	for _, e := range c.Encaps {
		row := &sb.Encap{
			Header: schema.Header{UUID: encapUUID(c.Name, e)}, ChassisName: c.Name, Type: e.Type, IP: e.IP.String(),
			Options: map[string]string{"csum": csum},
		}
		chassis.Encaps = append(chassis.Encaps, row.UUID)
		keys[sb.RecordKey(c.Name, "Encap", row.UUID)] = encode("Encap", row)
	}
	slices.SortFunc(chassis.Encaps, schema.UUID.Compare)
	keys[sb.RecordKey(c.Name, "Chassis", id)] = encode("Chassis", chassis)
	private := &sb.ChassisPrivate{
		Header: schema.Header{UUID: schema.NameUUID("Chassis_Private", c.Name)}, Name: c.Name, Chassis: &id,
	}
	keys[sb.RecordKey(c.Name, "Chassis_Private", private.UUID)] = encode("Chassis_Private", private)
	return keys
}

// claim makes the row by which the chassis claims a port.
func claim(name string, port, encap schema.UUID, up bool) []byte {
	id := chassisUUID(name)
	row := &sb.PortBinding{Header: schema.Header{UUID: port}, Chassis: &id, Up: &up}
	if !encap.IsZero() {
		row.Encap = &encap
	}
	return encode("Port_Binding", row)
}

// encode writes the columns that the chassis owns.
func encode(table string, row schema.Row) []byte {
	return schema.EncodeRow(sb.Schema().Table(table), row, func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis })
}

// isRecord tells whether record makes rows of a table.
func isRecord(table string) bool {
	return table == "Chassis" || table == "Chassis_Private" || table == "Encap"
}
