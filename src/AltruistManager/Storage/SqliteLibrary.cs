using System.Runtime.InteropServices;
using SQLitePCL;

namespace AltruistManager.Storage;

/// <summary>
/// Binds Microsoft.Data.Sqlite to the SQLite that the operating system maintains, so that a fix in SQLite
/// arrives with the system's updates and no native code is shipped by us.
/// </summary>
public static class SqliteLibrary
{
    /// <summary>Upserts with <c>returning</c> need 3.35, the JSON functions are always built in from 3.38.</summary>
    public static readonly Version Minimum = new(3, 38, 0);

    /// <summary>Before this one, two processes that checkpoint at once can corrupt a WAL; the writer lock keeps them apart.</summary>
    public static readonly Version WithoutWalBug = new(3, 51, 3);

    private static readonly Lock Gate = new();
    private static Version? loaded;

    /// <summary>Loads the system's library once per process and returns its version.</summary>
    /// <exception cref="StorageException">The library is missing or older than <see cref="Minimum"/>.</exception>
    public static Version Load()
    {
        lock (Gate)
        {
            return loaded ??= LoadOnce();
        }
    }

    /// <exception cref="StorageException">It is older than <see cref="Minimum"/>.</exception>
    internal static Version Check(Version version) =>
        version >= Minimum
            ? version
            : throw new StorageException($"SQLite {version} is too old: install {Minimum} or newer (Debian and Ubuntu: apt-get install libsqlite3-0).");

    /// <exception cref="StorageException">There is no such library.</exception>
    internal static IntPtr LoadNative(string name) =>
        NativeLibrary.TryLoad(name, out var library)
            ? library
            : throw new StorageException($"SQLite ({name}) was not found: install version {Minimum} or newer (Debian and Ubuntu: apt-get install libsqlite3-0).");

    private static Version LoadOnce()
    {
        // Loaded before it is bound: an exception out of a resolver would arrive wrapped.
        var library = LoadNative(OperatingSystem.IsWindows() ? "winsqlite3.dll" : OperatingSystem.IsMacOS() ? "libsqlite3.dylib" : "libsqlite3.so.0");
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == "e_sqlite3" ? library : IntPtr.Zero);
        try
        {
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
            raw.FreezeProvider();
        }
        catch (EntryPointNotFoundException old)
        {
            throw new StorageException($"The system's SQLite is too old: install {Minimum} or newer (Debian and Ubuntu: apt-get install libsqlite3-0).", old);
        }

        return Check(Version.Parse(raw.sqlite3_libversion().utf8_to_string()));
    }
}
