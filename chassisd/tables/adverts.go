package tables

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Advert is what a router's port says unasked to the hosts of its switch.
type Advert struct {
	Peer        string // name of the switch's port
	MAC         packet.MAC
	Src         netip.Addr
	Message     string        // ICMPv6, its checksum zero
	Least, Most time.Duration // between two
}

// LocalAdvert is one for ports of this chassis.
type LocalAdvert struct {
	Advert
	Via PortAt // where it comes into the switch
}

// AdvertOf reads the options of a router's port: those of OVN's northd. What cannot be
// read is left out; without what is needed there is nothing to say.
func AdvertOf(row *sb.PortBinding) (a Advert) {
	o := row.Options
	if o["ipv6_ra_send_periodic"] != "true" {
		return Advert{}
	}
	mac, err := packet.ParseMAC(o["ipv6_ra_src_eth"])
	src, ok := parseAddr(o["ipv6_ra_src_addr"])
	most, bad := strconv.ParseUint(o["ipv6_ra_max_interval"], 10, 16)
	least, bad2 := strconv.ParseUint(o["ipv6_ra_min_interval"], 10, 16)
	if err != nil || !ok || !src.Is6() || bad != nil || bad2 != nil || least == 0 || least > most {
		return Advert{}
	}
	var put lflow.PutNDRA
	add := func(name string, values ...any) {
		option := lflow.RAOption{Name: name}
		for _, v := range values {
			option.Values = append(option.Values, lflow.ConstantOf(v))
		}
		if option.Check() == nil {
			put.Options = append(put.Options, option)
		}
	}
	add("addr_mode", o["ipv6_ra_address_mode"])
	add("slla", lflow.MAC(mac))
	if mtu, err := strconv.ParseUint(o["ipv6_ra_mtu"], 10, 16); err == nil {
		add("mtu", int(mtu))
	}
	for _, word := range strings.Fields(o["ipv6_ra_prefixes"]) {
		if p, err := netip.ParsePrefix(word); err == nil {
			add("prefix", p.Masked())
		}
	}
	texts := []struct{ option, name string }{{"ipv6_ra_prf", "router_preference"}, {"ipv6_ra_dnssl", "dnssl"}, {"ipv6_ra_route_info", "route_info"}}
	for _, t := range texts {
		if o[t.option] != "" {
			add(t.name, o[t.option])
		}
	}
	var servers []any
	for _, word := range strings.FieldsFunc(o["ipv6_ra_rdnss"], func(r rune) bool { return r == ',' || r == ' ' }) {
		if ip, ok := parseAddr(word); ok && ip.Is6() {
			servers = append(servers, ip)
		}
	}
	if len(servers) > 0 {
		add("rdnss", servers...)
	}
	message, err := put.Wire()
	if err != nil {
		return Advert{}
	}
	return Advert{Peer: o["peer"], MAC: mac, Src: src, Message: string(message),
		Least: time.Duration(least) * time.Second, Most: time.Duration(most) * time.Second}
}

// adverts declares those of routers' ports whose switch is here.
func (t *Tables) adverts() {
	t.Adverts = incr.NewTable(t.Engine, "advertisements", incr.Eq[LocalAdvert], incr.Keys(t.AllAdverts), func(r *incr.Reader, id schema.UUID) (LocalAdvert, bool) {
		a, ok := incr.Get(r, t.AllAdverts, id)
		_, row, there := incr.One(r, t.portsByName, a.Peer)
		if !ok || !there {
			return LocalAdvert{}, false
		}
		via, local := t.portAt(r, row)
		return LocalAdvert{a, via}, local
	}).Feed()
}
