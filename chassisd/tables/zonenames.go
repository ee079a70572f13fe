package tables

import (
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// nameZones declares what the zones of local datapaths are called after: the
// datapath's name, as with OVN's controller. Of those with one name, which is no
// key, one has it; the others, and those without, go by their UUID. And which number the
// zone of a router's SNAT is to have: ovn-nb(5), options:snat-ct-zone.
func (t *Tables) nameZones() {
	name := func(_ schema.UUID, dp *sb.DatapathBinding) []string {
		if n := dp.ExternalIDs["name"]; n != "" {
			return one(n)
		}
		return nil
	}
	byName := incr.NewIndex(t.Datapaths, "name", name)
	t.ZoneNames = incr.NewTable(t.Engine, "names of zones", incr.Eq[string], incr.Keys(t.Local), func(r *incr.Reader, id schema.UUID) (string, bool) {
		dp, ok := incr.Get(r, t.Datapaths, id)
		if !ok {
			return "", false
		}
		if names := name(id, dp); names != nil && incr.Lookup(r, byName, names[0])[0] == id {
			return names[0], true
		}
		return id.String(), true
	}).Feed()
	t.ZonesAsked = incr.NewTable(t.Engine, "zones asked for", incr.Eq[uint16], incr.Keys(t.Local), func(r *incr.Reader, id schema.UUID) (uint16, bool) {
		dp, ok := incr.Get(r, t.Datapaths, id)
		if !ok {
			return 0, false
		}
		n, err := strconv.ParseUint(dp.ExternalIDs["snat-ct-zone"], 10, 16)
		return uint16(n), err == nil
	}).Feed()
}
