package serve

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// expandFlows calls yield with the rows of table Logical_Flow of one bucket of
// units: see store.Virtual. An owner that is not listed as a Logical_DP_Group is a
// datapath.
//
// Hot path: where rows are not kept, they cost the strings of their chunk.
func expandFlows(b store.Blob, keep bool, yield func(schema.Row) bool) error {
	_, place, ok := strings.Cut(strings.TrimPrefix(b.Path, sb.FlowsPath), "/")
	id := b.Owner
	if !ok || id.IsZero() {
		return fmt.Errorf("serve: %q is not a path of flows", b.Path)
	}
	var row flowRow
	if b.Listed {
		row.group = &id
	} else {
		row.datapath = &id
	}
	var bad error
	more := true
	err := sb.EachUnit(place, b.Data, func(name string, chunk []byte) {
		if !more {
			return
		}
		unit := sb.FlowPath(id, name)
		err := sb.EachFlow(chunk, func(f *sb.Flow) {
			if more = more && yield(row.of(unit, f)); keep {
				row.row = nil // the next flow has another
			}
		})
		if err != nil {
			bad = fmt.Errorf("unit %q: %w", name, err)
		}
	})
	if err = errors.Join(err, bad); err != nil {
		return fmt.Errorf("serve: flows of %q: %w", b.Path, err)
	}
	return nil
}

// flowRow is a row of Logical_Flow that shows one flow after the other.
type flowRow struct {
	row             *sb.LogicalFlow
	datapath, group *schema.UUID
}

// of shows a flow of a unit.
func (r *flowRow) of(unit string, f *sb.Flow) *sb.LogicalFlow {
	if r.row == nil {
		r.row = &sb.LogicalFlow{ExternalIDs: make(map[string]string, 3), LogicalDatapath: r.datapath, LogicalDPGroup: r.group}
	}
	ids := r.row.ExternalIDs
	*r.row = sb.LogicalFlow{
		Header:          schema.Header{UUID: f.UUID(unit)},
		LogicalDatapath: r.datapath,
		LogicalDPGroup:  r.group,
		Pipeline:        pipelineName(f.Pipeline),
		TableID:         int64(f.Table),
		Priority:        int64(f.Priority),
		Match:           f.Match,
		Actions:         f.Actions,
		ExternalIDs:     ids,
	}
	// The keys that OVN uses, so that its tools show them.
	ids["stage-name"], ids["source"] = f.Stage, f.Source
	if delete(ids, "stage-hint"); !f.Hint.IsZero() {
		ids["stage-hint"] = f.Hint.String()[:8]
	}
	if f.ControllerMeter != "" {
		meter := f.ControllerMeter
		r.row.ControllerMeter = &meter
	}
	if f.Desc != "" {
		desc := f.Desc
		r.row.FlowDesc = &desc
	}
	return r.row
}

func pipelineName(p uint8) string {
	if p == sb.Egress {
		return "egress"
	}
	return "ingress"
}
