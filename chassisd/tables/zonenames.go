package tables

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// nameZones declares what the zones of local datapaths are called after: the
// datapath's name, as with OVN's controller. Of those with one name, which is no
// key, one has it; the others, and those without, go by their UUID.
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
}
