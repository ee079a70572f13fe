package tables

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Announced is an address that this chassis announces on a physical network. IP is
// invalid where the Ethernet address is announced alone.
type Announced struct {
	Port schema.UUID // of a switch, by which the announcement comes in
	MAC  packet.MAC
	IP   netip.Addr
}

// Compare orders them.
func (a Announced) Compare(o Announced) int {
	return cmp.Or(a.Port.Compare(o.Port), bytes.Compare(a.MAC[:], o.MAC[:]), a.IP.Compare(o.IP))
}

// host is the first address of a VM's port that can be announced; ip is zero for
// none, mac too.
type host struct {
	mac packet.MAC
	ip  [4]byte
}

// hostOf reads column mac.
func hostOf(column []string) (h host) {
	for _, element := range column {
		if a, err := address.Parse(element); err == nil {
			h.mac = packet.MAC(a.MAC)
			for _, ip := range a.IPs {
				if ip.Addr().Is4() {
					h.ip = ip.Addr().As4()
					break
				}
			}
			return h
		}
	}
	return h
}

// natAddresses is column nat_addresses, a line for each element: "MAC IP…
// [is_chassis_resident("PORT")]".
type natAddresses string

// announce declares what this chassis announces: addresses of VMs that it has and
// those of routers, on switches with a localnet port.
func (t *Tables) announce() {
	localnets := incr.NewIndex(t.Ports, "localnet", func(_ schema.UUID, p Port) []schema.UUID {
		if p.Type != localnet {
			return nil
		}
		return one(p.Datapath)
	})
	ports := incr.NewTable(t.Engine, "ports that announce", slices.Equal[[]Announced], incr.Under(t.portsByDatapath, incr.Values(localnets)), t.announces)
	byWhat := incr.NewIndex(ports, "what", func(_ schema.UUID, all []Announced) []Announced { return all })
	t.Announcements = incr.NewTable(t.Engine, "announcements", incr.Eq[PortAt], incr.Values(byWhat), func(r *incr.Reader, a Announced) (PortAt, bool) {
		row, ok := incr.Get(r, t.Ports, a.Port)
		at, local := t.portAt(r, row)
		return at, ok && local
	}).Feed()
}

// announces are the addresses that a port announces here.
func (t *Tables) announces(r *incr.Reader, id schema.UUID) (all []Announced, ok bool) {
	row, ok := incr.Get(r, t.Ports, id)
	if !ok || row.Quiet {
		return nil, false
	}
	switch {
	case row.Type == "" && incr.Has(r, t.Bound, id) && row.Host != host{}:
		a := Announced{Port: id, MAC: row.Host.mac}
		if row.Host.ip != [4]byte{} {
			a.IP = netip.AddrFrom4(row.Host.ip)
		}
		all = append(all, a)
	case row.Type == l3gateway && t.opens(r, row), row.Type == patch:
		nat, _ := incr.Get(r, t.NATAddresses, id)
		for element := range strings.Lines(string(nat)) {
			all = append(all, t.natAnnounced(r, id, row, strings.TrimSpace(element))...)
		}
	}
	return all, len(all) > 0
}

// natAnnounced are those of one element, without IPv4 its Ethernet address alone too, as
// by OVN, which announces no IPv6. One that names a port is announced where
// that is; one that names none, where the gateway router is.
func (t *Tables) natAnnounced(r *incr.Reader, id schema.UUID, row Port, element string) (all []Announced) {
	text, where, named := strings.Cut(element, " is_chassis_resident(")
	if row.Type == patch && !named {
		return nil
	}
	if named && !t.hasPort(r, strings.Trim(strings.TrimSuffix(where, ")"), `"`)) {
		return nil
	}
	a, err := address.Parse(text)
	if err != nil || a.MAC == (lflow.MAC{}) {
		return nil
	}
	has4 := false
	for _, ip := range a.IPs {
		has4 = has4 || ip.Addr().Is4()
		all = append(all, Announced{Port: id, MAC: packet.MAC(a.MAC), IP: ip.Addr()})
	}
	if !has4 {
		all = append(all, Announced{Port: id, MAC: packet.MAC(a.MAC)})
	}
	return all
}

// hasPort tells whether a port is this chassis's.
func (t *Tables) hasPort(r *incr.Reader, name string) bool {
	id, row, ok := incr.One(r, t.portsByName, name)
	if row.Type == standInType {
		return incr.Has(r, t.Hosted, id)
	}
	return ok && incr.Has(r, t.Bound, id)
}

// announcedBy reads what a row says of announcements.
func (p *Port) announcedBy(row *sb.PortBinding) {
	p.Quiet = row.Options["disable_garp_rarp"] == "true"
	if p.Type == "" {
		p.Host = hostOf(row.MAC)
	}
}

// NATAddressesOf are those of a router's port.
func NATAddressesOf(row *sb.PortBinding) natAddresses {
	if row.Type == "" {
		return ""
	}
	return natAddresses(strings.Join(slices.Sorted(slices.Values(row.NATAddresses)), "\n"))
}
