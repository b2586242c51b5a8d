"""What a thought may use beside models: functions, programs, files, pages, servers of tools."""
