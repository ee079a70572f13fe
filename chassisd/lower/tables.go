package lower

import "github.com/weft-sdn/weft/lflow"

// OpenFlow tables of the integration bridge. Stages of the logical pipelines
// lie in ranges; the others each do one job. OVN's numbers where it has the
// table, so that operators find what they know.
const (
	TablePhyToLog          = 0
	TableLogIngress        = 8 // stage 0
	TableOutputLargeDetect = 57
	TableOutputLargeHandle = 58
	TableRemoteOutput      = 59
	TableLocalOutput       = 60
	TableCheckLoopback     = 61
	TableLogEgress         = 62 // stage 0
	TableSaveInport        = 88
	TableLogToPhy          = 89
	TableMACBinding        = 90
	TableMACLookup         = 91
	TableLBHairpin         = 92
	TableLBHairpinReply    = 93
	TableCTSNATHairpin     = 94
	TableGetFDB            = 95
	TableLookupFDB         = 96
	TableInPortSec         = 97
	TableInPortSecND       = 98
	TableOutPortSec        = 99
	TableECMPNextHopMAC    = 100
	TableECMPNextHop       = 101
	TableLBAffinity        = 102
	TableMACCacheUse       = 103
	TableCTOrigIPv4Dst     = 105
	TableCTOrigIPv6Dst     = 106
	TableCTOrigPortDst     = 107
	TableFloodRemote       = 108
	TableCTSavedState      = 109
	TableCTOrigProto       = 110
	TableGetRemoteFDB      = 111
	TableEVPNARP           = 113
)

// Behind a pipeline's first table there is room for its stages.
const (
	_ = uint(TableOutputLargeDetect - TableLogIngress - lflow.IngressStages)
	_ = uint(TableSaveInport - TableLogEgress - lflow.EgressStages)
)

// Bits of reg10, the logical flags.
const (
	FlagLoopback   = 0
	FlagLookupMAC  = 6
	FlagHairpin    = 7
	FlagLookupFDB  = 8
	FlagLocalport  = 10 // the packet came in by a localport
	FlagPortSec    = 12
	FlagECMPReply  = 13
	FlagLBAffinity = 14
	FlagLocalnet   = 15 // the packet came in by a localnet port
	FlagOverride   = 18 // what is for this chassis alone may leave by a localnet port
	FlagEVPNARP    = 25
)
