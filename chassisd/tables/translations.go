package tables

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema/sb"
)

// Translation is what a local router makes of addresses: of those outside that packets
// are for, or of those inside that they come from.
type Translation struct {
	Zone    uint16 // of its connections
	Source  bool
	Outside netip.Addr
	Inside  netip.Prefix
}

// Compare orders by zone, then by addresses.
func (t Translation) Compare(o Translation) int {
	source := func(t Translation) int {
		if t.Source {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(t.Zone, o.Zone), cmp.Compare(source(t), source(o)), t.Outside.Compare(o.Outside),
		t.Inside.Addr().Compare(o.Inside.Addr()), cmp.Compare(t.Inside.Bits(), o.Inside.Bits()))
}

// natUnit begins the names of the units of northd that translate, one for each row of
// NAT.
const natUnit = "nat-"

// joinTranslations declares the translations of local routers, as their flows say them:
// there is no table of them in the southbound database.
func (t *Tables) joinTranslations() {
	// Few units are of NAT: the others have no part in what follows.
	units := incr.NewIndex(t.Chunks, "units of NAT", func(p Path, _ string) []Path {
		if !strings.HasPrefix(p.Unit, natUnit) {
			return nil
		}
		return one(p)
	})
	ofUnit := incr.NewTable(t.Engine, "translations of units", slices.Equal[[]Translation], incr.Values(units), func(r *incr.Reader, p Path) ([]Translation, bool) {
		if dp, local := incr.Get(r, t.Local, p.Owner); !local || !dp.Router {
			return nil, false
		}
		name, _ := incr.Get(r, t.ZoneNames, p.Owner)
		dnat, ok1 := incr.Get(r, t.Zones, zone.DNAT(name))
		snat, ok2 := incr.Get(r, t.Zones, zone.SNAT(name))
		flows, _, err := t.flowsIn(r, p)
		if err != nil || !ok1 || !ok2 {
			return nil, false
		}
		var all []Translation
		for i := range flows {
			if tr, kind, ok := translationOf(&flows[i]); ok {
				if tr.Zone = dnat; kind == lflow.RouterSNAT {
					tr.Zone = snat
				}
				all = append(all, tr)
			}
		}
		return all, len(all) > 0
	})
	byItself := incr.NewIndex(ofUnit, "translation", func(_ Path, all []Translation) []Translation { return all })
	t.Translations = incr.NewTable(t.Engine, "translations", incr.Eq[struct{}], incr.Values(byItself),
		func(*incr.Reader, Translation) (struct{}, bool) { return struct{}{}, true }).Feed()
}

// translationOf reads a flow that translates: what it makes of the address that it
// matches.
func translationOf(f *sb.Flow) (tr Translation, kind lflow.CTNATKind, ok bool) {
	if !strings.Contains(f.Actions, "ct_dnat") && !strings.Contains(f.Actions, "ct_snat") {
		return tr, kind, false
	}
	actions, err := lflow.ParseActions(f.Actions, lflow.Place{}, nil)
	if err != nil {
		return tr, kind, false
	}
	for _, a := range actions {
		nat, is := a.(lflow.CTNAT)
		if !is || !nat.IP.IsValid() {
			continue
		}
		of := prefixOf(f.Match, nat.Kind.SNAT(), nat.IP.Is6())
		switch {
		case !of.IsValid():
		case nat.Kind.SNAT():
			return Translation{Source: true, Outside: nat.IP, Inside: of}, nat.Kind, true
		case of.IsSingleIP():
			return Translation{Outside: of.Addr(), Inside: netip.PrefixFrom(nat.IP, nat.IP.BitLen())}, nat.Kind, true
		}
	}
	return tr, kind, false
}

// prefixOf is what a match has packets come from, or be for, at its beginning, where
// northd writes it; all addresses of a family where it names none.
func prefixOf(match string, source, v6 bool) netip.Prefix {
	first, _, _ := strings.Cut(match, " && ")
	field, family := "ip4.dst", "ip4"
	if v6 {
		field, family = "ip6.dst", "ip6"
	}
	if source {
		field = family + ".src"
	}
	if first == family && source {
		if v6 {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	text, found := strings.CutPrefix(first, field+" == ")
	if !found {
		return netip.Prefix{}
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen())
	}
	p, _ := netip.ParsePrefix(text)
	return p
}
