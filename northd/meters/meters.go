package meters

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

type feature struct {
	m      *model.Model
	bands  *graph.RowTable[*nb.MeterBand]
	byName *incr.Index[schema.UUID, *nb.Meter, string]
	copps  *graph.RowTable[*nb.Copp]
}

// use is a southbound meter: one of the user's, or the one that an ACL has to
// itself because the user's is fair.
type use struct {
	meter string // name
	acl   schema.UUID
}

// Compare orders by name.
func (u use) Compare(o use) int {
	if u.meter != o.meter {
		if u.meter < o.meter {
			return -1
		}
		return 1
	}
	return u.acl.Compare(o.acl)
}

// name returns the meter's southbound name, which is OVN's.
func (u use) name() string {
	if u.acl.IsZero() {
		return u.meter
	}
	return u.meter + "__" + u.acl.String()
}

// New declares meters.
func New(g *graph.Graph, m *model.Model) model.Meters {
	ft := &feature{m: m, bands: graph.Read[*nb.MeterBand](g, "action", "rate", "burst_size"), copps: graph.Read[*nb.Copp](g, "name")}
	rows := graph.Read[*nb.Meter](g, "name", "unit", "bands", "fair")
	acls := graph.Read[*nb.ACL](g, "meter")
	ft.byName = incr.NewIndex(rows, "name", func(_ schema.UUID, m *nb.Meter) []string { return []string{m.Name} })
	shared := incr.NewIndex(rows, "shared", func(_ schema.UUID, m *nb.Meter) []use { return []use{{meter: m.Name}} })
	own := incr.NewIndex(acls, "meter", func(id schema.UUID, a *nb.ACL) []use {
		if a.Meter == nil {
			return nil
		}
		return []use{{*a.Meter, id}}
	})
	graph.Rows(g, "Meter", incr.Union(incr.Values(shared), incr.Values(own)), ft.meterRow)
	graph.Rows(g, "Meter_Band", incr.Keys(ft.bands), ft.bandRow)
	ft.protect(g)
	return model.Meters{Logs: ft.ofLog, Copp: ft.ofDatapath}
}

func isFair(m *nb.Meter) bool { return m.Fair != nil && *m.Fair }

// ofLog returns the name of the meter that limits an ACL's log.
func (ft *feature) ofLog(r *incr.Reader, row *nb.ACL) (name, problem string) {
	if row.Meter == nil || *row.Meter == "" {
		return "", ""
	}
	_, m, ok := incr.One(r, ft.byName, *row.Meter)
	if !ok {
		return "", "there is no meter " + *row.Meter + ": the log is not limited"
	}
	u := use{meter: m.Name}
	if isFair(m) {
		u.acl = row.UUID
	}
	return u.name(), ""
}

func (ft *feature) meterRow(r *incr.Reader, u use) (*sb.Meter, bool) {
	_, m, ok := incr.One(r, ft.byName, u.meter)
	if !ok || !u.acl.IsZero() && !isFair(m) {
		return nil, false
	}
	row := &sb.Meter{Header: schema.Header{UUID: schema.NameUUID("Meter", u.name())}, Name: u.name(), Unit: m.Unit}
	for _, id := range m.Bands {
		if incr.Has(r, ft.bands, id) {
			row.Bands = append(row.Bands, id)
		}
	}
	return row, len(row.Bands) > 0
}

func (ft *feature) bandRow(r *incr.Reader, id schema.UUID) (*sb.MeterBand, bool) {
	b, ok := incr.Get(r, ft.bands, id)
	if !ok {
		return nil, false
	}
	return &sb.MeterBand{Header: schema.Header{UUID: id}, Action: b.Action, Rate: b.Rate, BurstSize: b.BurstSize}, true
}
