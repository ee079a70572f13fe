package serve

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// expandFlows makes the rows of table Logical_Flow of one bucket of units. isGroup
// tells whether a UUID is that of a Logical_DP_Group.
func expandFlows(path string, bucket []byte, isGroup func(schema.UUID) bool) ([]schema.Row, error) {
	owner, place, ok := strings.Cut(strings.TrimPrefix(path, sb.FlowsPath), "/")
	if !ok {
		return nil, fmt.Errorf("serve: %q is not a path of flows", path)
	}
	id, err := schema.ParseUUID(owner)
	if err != nil {
		return nil, fmt.Errorf("serve: flows of %q: %w", path, err)
	}
	group := isGroup(id)
	var rows []schema.Row
	var bad error
	err = sb.EachUnit(place, bucket, func(name string, chunk []byte) {
		flows, err := sb.DecodeFlows(chunk)
		if err != nil {
			bad = fmt.Errorf("unit %q: %w", name, err)
			return
		}
		unit := sb.FlowPath(id, name)
		for i := range flows {
			row := flowRow(unit, &flows[i])
			if group {
				row.LogicalDPGroup = &id
			} else {
				row.LogicalDatapath = &id
			}
			rows = append(rows, row)
		}
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, fmt.Errorf("serve: flows of %q: %w", path, err)
	}
	return rows, nil
}

func flowRow(path string, f *sb.Flow) *sb.LogicalFlow {
	row := &sb.LogicalFlow{
		Header:   schema.Header{UUID: f.UUID(path)},
		Pipeline: pipelineName(f.Pipeline),
		TableID:  int64(f.Table),
		Priority: int64(f.Priority),
		Match:    f.Match,
		Actions:  f.Actions,
		// The keys that OVN uses, so that its tools show them.
		ExternalIDs: map[string]string{"stage-name": f.Stage, "source": f.Source},
	}
	if !f.Hint.IsZero() {
		row.ExternalIDs["stage-hint"] = f.Hint.String()[:8]
	}
	if f.ControllerMeter != "" {
		row.ControllerMeter = &f.ControllerMeter
	}
	if f.Desc != "" {
		row.FlowDesc = &f.Desc
	}
	return row
}

func pipelineName(p uint8) string {
	if p == sb.Egress {
		return "egress"
	}
	return "ingress"
}
