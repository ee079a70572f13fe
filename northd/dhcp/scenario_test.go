package dhcp_test

import (
	"testing"

	"github.com/weft-sdn/weft/northd/northdtest"
)

// TestScenarios runs testdata: see northdtest.Run.
func TestScenarios(t *testing.T) { northdtest.Run(t, "testdata/*.txt") }
