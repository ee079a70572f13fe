package lower

// OpenFlow tables of the integration bridge. Stages of the logical pipelines
// lie in ranges; the others each do one job. OVN's numbers where it has the
// table, so that operators find what they know.
const (
	TablePhyToLog          = 0
	TableLogIngress        = 8 // stage 0; 33 stages
	TableOutputLargeDetect = 41
	TableOutputLargeHandle = 42
	TableRemoteOutput      = 43
	TableLocalOutput       = 44
	TableCheckLoopback     = 45
	TableLogEgress         = 46 // stage 0; 18 stages
	TableSaveInport        = 64
	TableLogToPhy          = 65
	TableMACBinding        = 66
	TableMACLookup         = 67
	TableLBHairpin         = 68
	TableLBHairpinReply    = 69
	TableCTSNATHairpin     = 70
	TableGetFDB            = 71
	TableLookupFDB         = 72
	TableInPortSec         = 73
	TableInPortSecND       = 74
	TableOutPortSec        = 75
	TableECMPNextHopMAC    = 76
	TableECMPNextHop       = 77
	TableLBAffinity        = 78
	TableMACCacheUse       = 79
	TableCTOrigIPv4Dst     = 81
	TableCTOrigIPv6Dst     = 82
	TableCTOrigPortDst     = 83
	TableFloodRemote       = 84
	TableCTSavedState      = 85
	TableCTOrigProto       = 86
	TableGetRemoteFDB      = 87
	TableEVPNARP           = 89

	// Stages of a pipeline that the ranges have room for.
	IngressStages = 33
	EgressStages  = 18
)

// Bits of reg10, the logical flags.
const (
	FlagLoopback   = 0
	FlagLookupMAC  = 6
	FlagHairpin    = 7
	FlagLookupFDB  = 8
	FlagPortSec    = 12
	FlagECMPReply  = 13
	FlagLBAffinity = 14
	FlagEVPNARP    = 25
)
