using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Storage;

/// <summary>
/// The keys that encrypt what is secret at rest (ASP.NET Core Data Protection). They lie in <c>keys/</c> of the data directory; on PostgreSQL in a table that
/// all instances share, of which that folder is a copy, so that a start without a database can still read what was encrypted. A ring that cannot be read is
/// never replaced by a new one.
/// </summary>
public sealed partial class KeyRing : IXmlRepository
{
    /// <summary>For everybody who encrypts with this ring: without it each folder of installation would have keys of its own.</summary>
    public const string ApplicationName = "altruist-manager";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Database database;
    private readonly ILogger<KeyRing> logger;
    private readonly Lock gate = new();
    private readonly Dictionary<string, XElement> keys = new(StringComparer.Ordinal);
    private IDataProtectionProvider? provider;
    private IDataProtectionProvider? reader;
    private bool isRead;
    private string? trouble;
    private string? told;

    public KeyRing(Database database, ILogger<KeyRing> logger)
    {
        this.database = database;
        this.logger = logger;
    }

    /// <summary>Why the ring cannot be used as it should, fit for everybody; null when all is well. Where and how stands in the log alone.</summary>
    public string? Trouble
    {
        get
        {
            lock (gate)
                return trouble;
        }
    }

    private string Folder => Path.Combine(database.DataDirectory, "keys");

    private bool IsShared => database.Dialect.Name == "postgres";

    /// <summary>Reads the ring, and again when another instance may have added to it. A ring that cannot be read is an alarm, never an exception.</summary>
    /// <exception cref="Exception">The database cannot be read.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var shared = IsShared ? await database.QueryAsync<KeyRow>("select id, xml from data_protection_keys", null, cancellation) : [];
        List<KeyRow> unshared;
        lock (gate)
        {
            ReadFolder();
            unshared = IsShared ? [.. keys.Where(key => shared.TrueForAll(row => row.Id != key.Key)).Select(key => new KeyRow { Id = key.Key, Xml = key.Value.ToString() })] : [];
            foreach (var row in shared)
                if (Parse(row.Xml) is { } key && keys.TryAdd(row.Id, key))
                    TryCopy(row.Id, row.Xml);
            if (IsShared && keys.Count > 0)
                trouble = null;
            provider = reader = null;
        }

        // The table of a database that was restored from before: the copy knows more.
        if (unshared.Count > 0)
            await database.WriteAsync<int>(write => ShareAsync(write, unshared), cancellation);
    }

    /// <summary>Encrypts for everybody who has the ring.</summary>
    /// <param name="purpose">What is encrypted for one purpose cannot be passed off as something of another.</param>
    /// <exception cref="StorageException">The ring cannot be read; a new one is not made in its place.</exception>
    public byte[] Protect(string purpose, byte[] plain)
    {
        try
        {
            return Provider(forReading: false).CreateProtector(purpose).Protect(plain);
        }
        catch (CryptographicException failed)
        {
            throw new StorageException($"Nothing can be encrypted: {Trouble ?? failed.Message}", failed);
        }
    }

    /// <summary>A reader for many texts of one purpose, good for as long as the ring is not read again.</summary>
    public Func<byte[], byte[]> Reader(string purpose) => Provider(forReading: true).CreateProtector(purpose).Unprotect;

    /// <summary>Tells a ring from what it was before: the names of its keys.</summary>
    public string Stand
    {
        get
        {
            lock (gate)
                return string.Join(' ', keys.Keys.Order(StringComparer.Ordinal));
        }
    }

    /// <summary>Why something could not be decrypted, for people.</summary>
    public string Explain(Exception failed) =>
        Trouble ?? (Stand.Length == 0 || failed is CryptographicException && failed.Message.Contains("not found in the key ring", StringComparison.OrdinalIgnoreCase)
            ? "its key is not in the key ring"
            : "it was changed, or encrypted by another key ring");

    IReadOnlyCollection<XElement> IXmlRepository.GetAllElements()
    {
        lock (gate)
        {
            if (!isRead)
                ReadFolder();
            return [.. keys.Values.Select(key => new XElement(key))];
        }
    }

    void IXmlRepository.StoreElement(XElement element, string friendlyName)
    {
        lock (gate)
        {
            if (trouble is not null)
                throw new CryptographicException(trouble);

            var xml = element.ToString();
            if (IsShared)
            {
                // The framework asks for this about once in ninety days, and not asynchronously.
                Task.Run(() => database.WriteAsync<int>(write => ShareAsync(write, [new KeyRow { Id = friendlyName, Xml = xml }]), CancellationToken.None)).GetAwaiter().GetResult();
            }

            Copy(friendlyName, xml);
            keys[friendlyName] = new XElement(element);
            LogMade(friendlyName, Folder);
        }
    }

    /// <param name="forReading">Whoever only reads makes no key: an empty ring may be one that was not put back yet.</param>
    private IDataProtectionProvider Provider(bool forReading)
    {
        lock (gate)
        {
            if ((forReading ? reader : provider) is { } known)
                return known;

            // A container of its own: the framework reads its ring once a day, and this one has to see a key of another instance at once.
            var services = new ServiceCollection();
            services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
            services.AddDataProtection().SetApplicationName(ApplicationName);
            services.Configure<KeyManagementOptions>(options =>
            {
                options.XmlRepository = this;
                options.AutoGenerateKeys = !forReading;
            });
            var made = services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>();
            return forReading ? reader = made : provider = made;
        }
    }

    private void ReadFolder()
    {
        string? why = null;
        trouble = null;
        isRead = true;
        try
        {
            if (File.Exists(Folder))
                throw new IOException("it is no folder");
            if (!Directory.Exists(Folder))
                return;
            foreach (var file in Directory.GetFiles(Folder, "*.xml"))
                why = ReadFile(file) ?? why;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            why = $"the key ring at {Folder} cannot be read: {unreadable.Message.ReplaceLineEndings(" ")}";
        }

        if (why is not null && why != told)
            LogUnreadable(why);
        told = why;
        if (why is null)
            return;
        // With another key at hand only what that one encrypted is lost; then a new one may follow when its time comes.
        if (keys.Count == 0)
            trouble = "the key ring cannot be read";
    }

    /// <returns>What is wrong with it.</returns>
    private string? ReadFile(string file)
    {
        try
        {
            if (Parse(File.ReadAllText(file)) is not { } key)
                return $"the key {file} of the key ring is broken";
            keys[Path.GetFileNameWithoutExtension(file)] = key;
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return $"the key {file} of the key ring cannot be read: {unreadable.Message.ReplaceLineEndings(" ")}";
        }
    }

    private static XElement? Parse(string xml)
    {
        try
        {
            return XElement.Parse(xml);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>The table has it: a folder that cannot be written costs no start.</summary>
    private void TryCopy(string id, string xml)
    {
        try
        {
            Copy(id, xml);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            LogNotCopied(failed, id, Folder);
        }
    }

    private void Copy(string id, string xml)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Folder);
        else
            Directory.CreateDirectory(Folder, OwnerOnly | UnixFileMode.UserExecute);

        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        var temporary = Path.Combine(Folder, $"{id}.new");
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(xml));
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, Path.Combine(Folder, $"{id}.xml"), overwrite: true);
    }

    private static Task<int> ShareAsync(WriteTransaction write, IReadOnlyCollection<KeyRow> rows) =>
        write.ExecuteAsync("insert into data_protection_keys (id, xml) values (@Id, @Xml) on conflict (id) do nothing", rows);

    [LoggerMessage(Level = LogLevel.Error, Message = "What is encrypted cannot be read: {Why}. Put the key ring back from a backup")]
    private partial void LogUnreadable(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The encryption key {Key} could not be copied to {Folder}: without the database nothing that it encrypted can be read")]
    private partial void LogNotCopied(Exception exception, string key, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The encryption key {Key} was made in {Folder}: it belongs in every backup")]
    private partial void LogMade(string key, string folder);

    private sealed record KeyRow
    {
        public required string Id { get; init; }
        public required string Xml { get; init; }
    }
}
