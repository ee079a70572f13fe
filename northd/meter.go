package northd

import (
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// meterUse is a southbound meter: one of the user's, or the one that an ACL
// has to itself because the user's is fair.
type meterUse struct {
	meter string // name
	acl   schema.UUID
}

func (u meterUse) Compare(o meterUse) int {
	if u.meter != o.meter {
		if u.meter < o.meter {
			return -1
		}
		return 1
	}
	return u.acl.Compare(o.acl)
}

// name returns the meter's southbound name, which is OVN's.
func (u meterUse) name() string {
	if u.acl.IsZero() {
		return u.meter
	}
	return u.meter + "__" + u.acl.String()
}

func isFair(m *nb.Meter) bool { return m != nil && m.Fair != nil && *m.Fair }

// meterOf returns the name of the meter that limits an ACL's log.
func (c *Compiler) meterOf(r *incr.Reader, row *nb.ACL, e *problems) string {
	if row.Meter == nil || *row.Meter == "" {
		return ""
	}
	_, m, ok := incr.One(r, c.meterByName, *row.Meter)
	if !ok {
		e.add("meter", "there is no meter "+*row.Meter+": the log is not limited")
		return ""
	}
	u := meterUse{meter: m.Name}
	if isFair(m) {
		u.acl = row.UUID
	}
	return u.name()
}

// meterRow is the row function of table "Meter".
func (c *Compiler) meterRow(r *incr.Reader, u meterUse) (*sb.Meter, bool) {
	_, m, ok := incr.One(r, c.meterByName, u.meter)
	if !ok || !u.acl.IsZero() && !isFair(m) {
		return nil, false
	}
	row := &sb.Meter{Header: schema.Header{UUID: schema.NameUUID("Meter", u.name())}, Name: u.name(), Unit: m.Unit}
	for _, id := range m.Bands {
		if incr.Has(r, c.meterBands, id) {
			row.Bands = append(row.Bands, id)
		}
	}
	return row, len(row.Bands) > 0
}

func equalMeter(a, b *sb.Meter) bool {
	return a.Name == b.Name && a.Unit == b.Unit && slices.Equal(a.Bands, b.Bands)
}

// meterBandRow is the row function of table "Meter_Band".
func (c *Compiler) meterBandRow(r *incr.Reader, id schema.UUID) (*sb.MeterBand, bool) {
	b, ok := incr.Get(r, c.meterBands, id)
	if !ok {
		return nil, false
	}
	return &sb.MeterBand{Header: schema.Header{UUID: id}, Action: b.Action, Rate: b.Rate, BurstSize: b.BurstSize}, true
}
