package serve

import (
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// expandFlows makes the rows of table Logical_Flow of one chunk. isGroup
// tells whether a UUID is that of a Logical_DP_Group.
func expandFlows(path string, chunk []byte, isGroup func(schema.UUID) bool) ([]schema.Row, error) {
	owner, _, ok := strings.Cut(strings.TrimPrefix(path, sb.FlowsPath), "/")
	if !ok {
		return nil, fmt.Errorf("serve: %q is not a path of flows", path)
	}
	id, err := schema.ParseUUID(owner)
	if err != nil {
		return nil, fmt.Errorf("serve: flows of %q: %w", path, err)
	}
	flows, err := sb.DecodeFlows(chunk)
	if err != nil {
		return nil, fmt.Errorf("serve: flows of %q: %w", path, err)
	}
	group := isGroup(id)
	rows := make([]schema.Row, len(flows))
	for i := range flows {
		row := flowRow(path, &flows[i])
		if group {
			row.LogicalDPGroup = &id
		} else {
			row.LogicalDatapath = &id
		}
		rows[i] = row
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
