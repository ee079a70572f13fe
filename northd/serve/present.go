package serve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// present shows in the Southbound database what agents wrote about the rows
// that were touched since the last call.
func (l *leading) present(ctx context.Context) error {
	ids := l.agents.take()
	if len(ids) == 0 {
		return nil
	}
	ids = l.again(ids)
	snap := l.sb.Snapshot()
	var changes []store.Change
	for _, id := range ids {
		old := snap.Get(id.table.Name, id.uuid)
		row := l.joined(id, old)
		if row == nil && old == nil {
			continue
		}
		l.owners.set(id, l.agents.of(id))
		l.presented[id] = true
		changes = append(changes, store.Change{Table: id.table, UUID: id.uuid, Old: old, New: row})
	}
	if err := l.sb.Present(ctx, l.agents.rev, changes); err != nil {
		for _, id := range ids {
			l.agents.touched[id] = true
		}
		return fmt.Errorf("serve: present what agents wrote: %w", err)
	}
	clear(l.leftOut)
	for _, p := range l.sb.LeftOut() {
		l.leftOut[rowID{l.sb.Schema().Table(p.Table), p.UUID}] = true
	}
	return nil
}

// again are rows that agents wrote and that were left out, where one of those
// touched may have been what kept them out.
func (l *leading) again(ids []rowID) []rowID {
	if len(l.leftOut) == 0 || !slices.ContainsFunc(ids, func(id rowID) bool { return id.table.Owner == schema.OwnerChassis }) {
		return ids
	}
	for id := range l.leftOut {
		l.agents.touched[id] = true
	}
	return slices.Concat(ids, l.agents.take())
}

// joined is the row with the columns that agents own as they wrote them; nil
// where nothing is left of it.
func (l *leading) joined(id rowID, old schema.Row) schema.Row {
	records := l.agents.of(id)
	if id.table.Owner != schema.OwnerChassis {
		if old == nil {
			return nil // a claim of a port that is no more, or not yet compiled
		}
		row := id.table.Clone(old)
		owned(id.table, row, l.winner(old, records))
		return row
	}
	if len(records) == 0 {
		return nil
	}
	row := id.table.Clone(newest(records).row)
	switch row := row.(type) {
	case *sb.Chassis:
		if row.Encaps = l.agents.ownEncaps(row); l.agents.hidden[row.Name] != "" {
			return nil
		}
	case *sb.Encap:
		if _, outdone := l.agents.outdone(row, newest(records).chassis); outdone {
			return nil
		}
	}
	if old != nil { // columns that are not the chassis's own
		for _, c := range id.table.Columns {
			if c.Owner != schema.OwnerChassis {
				c.Copy(row, old)
			}
		}
	}
	if p, ok := row.(*sb.ChassisPrivate); ok {
		seen := l.agents.cfg[p.Name]
		p.NBCfg, p.NBCfgTimestamp = seen.cfg, seen.at
	}
	return row
}

// owned gives row the chassis's columns of from, or their defaults.
func owned(t *schema.Table, row, from schema.Row) {
	if from == nil {
		from = t.New(row.RowUUID())
	}
	for _, c := range t.Columns {
		if c.Owner == schema.OwnerChassis {
			c.Copy(row, from)
		}
	}
}

// winner picks the record that counts; for a port, that of the chassis that
// has it.
func (l *leading) winner(row schema.Row, records []record) schema.Row {
	if len(records) == 0 {
		return nil
	}
	port, ok := row.(*sb.PortBinding)
	if !ok {
		return newest(records).row
	}
	claims := make([]sb.Claim, len(records))
	for i, r := range records {
		claims[i] = sb.Claim{Chassis: r.chassis, Revision: r.rev}
	}
	name := sb.Winner(l.agents.chassisNamed(requested(port.Options)), claims)
	for _, r := range records {
		if r.chassis == name {
			return r.row
		}
	}
	return nil
}

// requested is the first chassis of options:requested-chassis, by name or
// host name.
func requested(options map[string]string) string {
	first, _, _ := strings.Cut(options["requested-chassis"], ",")
	return first
}

func newest(records []record) record {
	best := records[0]
	for _, r := range records[1:] {
		if r.rev > best.rev {
			best = r
		}
	}
	return best
}
