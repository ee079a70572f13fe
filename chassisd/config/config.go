package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultBridge is the integration bridge where nobody says otherwise.
const DefaultBridge = "br-int"

// Encap is one way by which other chassis reach this one.
type Encap struct {
	Type string // "geneve" or "vxlan"
	IP   netip.Addr
}

// Mapping ties a physical network to a local bridge.
type Mapping struct{ Network, Bridge string }

// Config is the configuration of one chassis.
type Config struct {
	Name     string // the chassis's name, external_ids:system-id
	Hostname string
	// Bridge is the integration bridge. DatapathType is empty where nobody
	// asks for one.
	Bridge       string
	DatapathType string
	// Remote is ovn-remote as it is written.
	Remote         string
	Encaps         []Encap // sorted
	Csum           bool
	TOS            string // options:tos of tunnels, empty for none
	DFDefault      string // options:df_default of tunnels, empty for none
	SetLocalIP     bool
	Mappings       []Mapping // in the order of the setting
	TransportZones []string  // sorted
	// StageElision: packets go past the stages that only pass them on.
	StageElision bool
	// MonitorAll: the flows of all datapaths are read, not of those needed alone.
	MonitorAll bool
	// AnnounceFor is the longest time between two announcements of an address, which
	// then never end; 0: they end soon.
	AnnounceFor time.Duration
	// Texts go into the chassis's record as they are, with OVN's defaults.
	Texts map[string]string
}

// Problem is a value that cannot be used.
type Problem struct{ Key, Reason string }

func (p Problem) String() string { return p.Key + ": " + p.Reason }

// texts are the keys that OVN's controller copies into its record, and what it
// writes where they are absent.
var texts = map[string]string{
	"ovn-bridge-mappings":             "",
	ChassisMACsKey:                    "",
	"ovn-cms-options":                 "",
	"ovn-enable-lflow-cache":          "true",
	"ovn-limit-lflow-cache":           "",
	"ovn-memlimit-lflow-cache-kb":     "",
	"ovn-monitor-all":                 "false",
	"ovn-trim-limit-lflow-cache":      "",
	"ovn-trim-timeout-ms":             "",
	"ovn-trim-wmark-perc-lflow-cache": "",
}

// ids reads keys with the chassis's own first.
type ids struct {
	m    map[string]string
	name string
}

func (i ids) get(key string) string {
	if v, ok := i.m[key+"-"+i.name]; ok {
		return v
	}
	return i.m[key]
}

func (i ids) or(key, otherwise string) string {
	if v := i.get(key); v != "" {
		return v
	}
	return otherwise
}

// Parse reads the external_ids of the Open_vSwitch row. name is the chassis's
// name where something above the database sets it, hostname what the machine
// calls itself.
func Parse(external map[string]string, name, hostname string) (Config, []Problem) {
	var ps []Problem
	problem := func(key, format string, args ...any) {
		ps = append(ps, Problem{key, fmt.Sprintf(format, args...)})
	}
	if name == "" {
		name = external["system-id"]
	}
	switch {
	case name == "":
		problem("system-id", "is not set: the chassis has no name")
	case strings.ContainsAny(name, "/\x00"):
		problem("system-id", "%q has a character that a chassis's name cannot have", name)
		name = ""
	}
	i := ids{external, name}
	c := Config{
		Name: name, Hostname: i.or("hostname", hostname),
		Bridge: i.or("ovn-bridge", DefaultBridge), DatapathType: i.get("ovn-bridge-datapath-type"),
		Remote: i.get("ovn-remote"), Csum: i.get("ovn-encap-csum") != "false",
		TOS: i.get("ovn-encap-tos"), DFDefault: i.get("ovn-encap-df_default"),
		SetLocalIP: i.get("ovn-set-local-ip") == "true", StageElision: i.get("weft-stage-elision") != "false",
		MonitorAll: i.get("ovn-monitor-all") == "true", Texts: map[string]string{},
	}
	for key, otherwise := range texts {
		c.Texts[key] = i.or(key, otherwise)
	}
	c.Texts["is-interconn"] = strconv.FormatBool(i.get("ovn-is-interconn") == "true")
	if t := c.DatapathType; t != "" && t != "system" && t != "netdev" {
		problem("ovn-bridge-datapath-type", "%q is neither system nor netdev", t)
		c.DatapathType = ""
	}
	if s := i.get("garp-max-timeout-sec"); s != "" {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			problem("garp-max-timeout-sec", "%q is not a number of seconds", s)
		}
		c.AnnounceFor = time.Duration(n) * time.Second
	}
	c.Encaps = encaps(i, problem)
	c.Mappings = mappings(i.get("ovn-bridge-mappings"), problem)
	_, bad := ChassisMACs(i.get(ChassisMACsKey))
	for _, reason := range bad {
		problem(ChassisMACsKey, "%s", reason)
	}
	c.TransportZones = list(i.get("ovn-transport-zones"))
	return c, ps
}

// encaps pairs every type with every address, as OVN's controller does.
func encaps(i ids, problem func(key, format string, args ...any)) []Encap {
	types, ips := list(i.get("ovn-encap-type")), list(i.get("ovn-encap-ip"))
	if len(types) == 0 {
		problem("ovn-encap-type", "is not set: other chassis cannot reach this one")
	}
	if len(ips) == 0 {
		problem("ovn-encap-ip", "is not set: other chassis cannot reach this one")
	}
	var addrs []netip.Addr
	for _, s := range ips {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" || addr.IsUnspecified() || addr.IsMulticast() {
			problem("ovn-encap-ip", "%q is not an address that others can send to", s)
			continue
		}
		addrs = append(addrs, addr.Unmap())
	}
	var out []Encap
	for _, t := range types {
		if t != "geneve" && t != "vxlan" {
			problem("ovn-encap-type", "%q is not known: geneve and vxlan are", t)
			continue
		}
		for _, a := range addrs {
			out = append(out, Encap{t, a})
		}
	}
	slices.SortFunc(out, func(a, b Encap) int {
		if c := strings.Compare(a.Type, b.Type); c != 0 {
			return c
		}
		return a.IP.Compare(b.IP)
	})
	return slices.Compact(out)
}

func mappings(s string, problem func(key, format string, args ...any)) []Mapping {
	var out []Mapping
	for _, pair := range split(s) {
		network, bridge, ok := strings.Cut(pair, ":")
		if !ok || network == "" || bridge == "" {
			problem("ovn-bridge-mappings", "%q is not network:bridge", pair)
			continue
		}
		out = append(out, Mapping{network, bridge})
	}
	return out
}

// list is a set written with commas.
func list(s string) []string {
	l := split(s)
	slices.Sort(l)
	return slices.Compact(l)
}

func split(s string) []string {
	var out []string
	for _, w := range strings.Split(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
