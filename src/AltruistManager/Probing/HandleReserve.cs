using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AltruistManager.Probing;

/// <summary>
/// Keeps the last of the process's file handles from connections. The runtime needs two for each thread, and ends the process when it wants a thread and there
/// are none; the database and the last-good file need some as well. The prober stops first, so that portals are served for longer than altruists are probed.
/// </summary>
public static class HandleReserve
{
    /// <summary>Left by connections to altruists.</summary>
    public const int OfProbes = 192;

    /// <summary>Left by connections of portals and people.</summary>
    public const int OfClients = 96;

    private const int LinuxOpenFiles = 7;

    /// <summary>Whether so many handles may be left. The kernel gives the lowest number that is free: at least as many handles as the number of the newest are in use.</summary>
    public static bool IsLeft(Socket newest, int handles) => IsLeft(newest.Handle, handles, OperatingSystem.IsLinux() && GetLimit(LinuxOpenFiles, out var limit) == 0 ? limit.Current : null);

    /// <param name="limit">Null where it is not known.</param>
    internal static bool IsLeft(nint newest, int handles, nuint? limit) => limit is not { } most || (ulong)newest + (ulong)handles < most;

    // Asked with each connection: an administrator may change it while the process runs.
    [DllImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly nuint Current;
        public readonly nuint Most;
    }
}
