package tunnel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// Mark is the key in a port's external_ids that makes it ours.
const Mark = "ovn-chassis-id"

// Self is what the tunnels of this chassis have of itself.
type Self struct {
	Name string
	// Addrs are its own addresses: no tunnel goes there.
	Addrs []string
	// Local is the address to send from, empty for the system's choice.
	Local          string
	TOS, DFDefault string
	TransportZones []string
	// Index tells apart the ports of several controllers of one machine.
	Index string
}

// Remote is one encapsulation of one chassis.
type Remote struct {
	Chassis string
	Type    string // "geneve", "vxlan"
	IP      string
	Csum    string // options:csum of its Encap
	Zones   []string
	// Rev orders the records of two chassis that claim one address.
	Rev int64
}

// Tunnel is a tunnel port that must be there.
type Tunnel struct {
	Chassis, IP string
	Options     map[string]string
	BFD         map[string]string // column bfd of its interface, nil: off
}

// ID is the port's mark.
func (t Tunnel) ID() string { return t.Chassis + "@" + t.IP }

// ParseID splits a mark; newer controllers of OVN add "%" and their own
// address.
func ParseID(id string) (chassis, ip string, ok bool) {
	at := strings.LastIndexByte(id, '@')
	if at <= 0 {
		return "", "", false
	}
	ip, _, _ = strings.Cut(id[at+1:], "%")
	return id[:at], ip, ip != ""
}

// Wanted lists the tunnels, by chassis and address, and says of which chassis
// there can be none. bfd is the column of those that lead to a chassis.
func Wanted(self Self, remotes []Remote, bfd func(chassis string) map[string]string) (want []Tunnel, problems []string) {
	owner := owners(remotes)
	rs := slices.DeleteFunc(slices.Clone(remotes), func(r Remote) bool {
		return r.Chassis == self.Name || !meet(self.TransportZones, r.Zones)
	})
	slices.SortFunc(rs, func(a, b Remote) int {
		return cmp.Or(strings.Compare(a.Chassis, b.Chassis), strings.Compare(a.Type, b.Type), strings.Compare(a.IP, b.IP))
	})
	reached := map[string]bool{}
	for _, r := range rs {
		switch o := owner[r.IP]; {
		case r.Type != "geneve":
			continue
		case slices.Contains(self.Addrs, r.IP):
			problems = append(problems, fmt.Sprintf("chassis %s says that it has our address %s", r.Chassis, r.IP))
		case o.Chassis != r.Chassis:
			problems = append(problems, fmt.Sprintf("chassis %s and the newer %s both say that they have address %s", r.Chassis, o.Chassis, r.IP))
		default:
			want = append(want, Tunnel{r.Chassis, r.IP, options(self, r), bfd(r.Chassis)})
		}
		reached[r.Chassis] = true
	}
	for _, r := range rs {
		if !reached[r.Chassis] {
			problems = append(problems, fmt.Sprintf("chassis %s offers no geneve, only %s", r.Chassis, r.Type))
			reached[r.Chassis] = true
		}
	}
	return want, problems
}

// owners finds the newest chassis of each address, as northd does: after a
// machine got a new name, the record of the old one may linger. Of two that one
// transaction wrote it is the last by name.
func owners(rs []Remote) map[string]Remote {
	owner := map[string]Remote{}
	for _, r := range rs {
		o, ok := owner[r.IP]
		if r.Type == "geneve" && (!ok || r.Rev > o.Rev || r.Rev == o.Rev && r.Chassis > o.Chassis) {
			owner[r.IP] = r
		}
	}
	return owner
}

func meet(a, b []string) bool {
	if len(a) == 0 && len(b) == 0 {
		return true
	}
	return slices.ContainsFunc(a, func(z string) bool { return slices.Contains(b, z) })
}

func options(self Self, r Remote) map[string]string {
	o := map[string]string{"key": "flow", "remote_ip": r.IP}
	for k, v := range map[string]string{
		"csum": r.Csum, "local_ip": self.Local, "tos": self.TOS, "df_default": self.DFDefault,
	} {
		if v != "" {
			o[k] = v
		}
	}
	return o
}

// Port is a port that the bridge has.
type Port struct {
	UUID, Iface string
	Name, Type  string
	IDs         map[string]string // external_ids; without Mark it is somebody else's
	Options     map[string]string
	BFD         map[string]string
	Works       bool // the switch has it
}

// owned are the ports that are ours, by address, and those of ours that must
// go. The switch takes but one port to an address: of several, one that works
// stays.
func owned(have []Port) (ours map[string]Port, gone []Port) {
	ours = map[string]Port{}
	have = slices.Clone(have)
	slices.SortFunc(have, func(a, b Port) int {
		if a.Works != b.Works {
			if a.Works {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	for _, p := range have {
		if p.IDs[Mark] == "" {
			continue
		}
		_, ip, ok := ParseID(p.IDs[Mark])
		if _, double := ours[ip]; !ok || double || p.Type != "geneve" {
			gone = append(gone, p)
		} else {
			ours[ip] = p
		}
	}
	slices.SortFunc(gone, func(a, b Port) int { return strings.Compare(a.Name, b.Name) })
	return ours, gone
}

// Plan adds to txn what makes the bridge's ports those wanted. taken tells
// whether a name is in use anywhere in the switch.
//
// A port to an address stays when the address gets another chassis, and a new
// one waits until one of ours that leads to the same place is gone: the switch
// refuses a port with the configuration of another, also where one transaction
// adds it and deletes the other.
func Plan(txn *vswitch.Txn, bridge string, self Self, want []Tunnel, have []Port, taken func(name string) bool) {
	ours, gone := owned(have)
	occupied := map[string]bool{}
	for _, p := range gone {
		txn.DeletePort(bridge, p.UUID)
		occupied[p.Options["remote_ip"]] = true
	}
	given := map[string]bool{}
	for _, t := range want {
		p, ok := ours[t.IP]
		delete(ours, t.IP)
		switch {
		case ok:
			if chassis, _, _ := ParseID(p.IDs[Mark]); chassis != t.Chassis {
				txn.PortIDs(p.UUID, p.IDs, map[string]string{Mark: t.ID()})
			}
			if !maps.Equal(p.Options, t.Options) {
				txn.SetOptions(p.Iface, t.Options)
			}
			if !maps.Equal(p.BFD, t.BFD) {
				txn.SetBFD(p.Iface, t.BFD)
			}
		case !occupied[t.IP]:
			name := freeName(self.Index, t.Chassis, func(n string) bool { return taken(n) || given[n] })
			given[name] = true
			txn.AddPort(bridge, vswitch.PortSpec{
				Name: name, Type: "geneve", Options: t.Options, BFD: t.BFD, ExternalIDs: map[string]string{Mark: t.ID()},
			})
		}
	}
	for _, ip := range slices.Sorted(maps.Keys(ours)) {
		txn.DeletePort(bridge, ours[ip].UUID)
	}
}

// freeName is ovn<index>-<chassis>-<n>, short enough for an interface.
func freeName(index, chassis string, taken func(string) bool) string {
	if len(chassis) > 6 {
		chassis = chassis[:6]
	}
	for i := 0; ; i++ {
		if name := fmt.Sprintf("ovn%s-%s-%x", index, chassis, i); !taken(name) {
			return name
		}
	}
}
