using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Xml.Linq;

namespace AltruistManager.Client.Tests;

/// <summary>What <c>dotnet pack</c> makes of the library.</summary>
public sealed class PackageTests : IDisposable
{
    /// <summary>Kinds of debug information, as the format of portable symbols names them.</summary>
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-package-").FullName;

    [Fact]
    public async Task Package_brings_documentation_symbols_with_their_sources_and_no_other_package()
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var root = own.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = root };
        foreach (var argument in (string[])["pack", "src/AltruistManager.Client", "--no-build", "-c", own.Parent.Name, "-o", folder, "-nodeReuse:false"])
            start.ArgumentList.Add(argument);
        using var pack = Process.Start(start)!;
        var output = await pack.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await pack.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(pack.ExitCode == 0, output);

        using var package = await ZipFile.OpenReadAsync(Assert.Single(Directory.GetFiles(folder, "*.nupkg")), TestContext.Current.CancellationToken);
        Assert.NotNull(package.GetEntry("lib/net10.0/AltruistManager.Client.dll"));
        Assert.NotNull(package.GetEntry("portal.md"));
        await using (var documentation = await package.GetEntry("lib/net10.0/AltruistManager.Client.xml")!.OpenAsync(TestContext.Current.CancellationToken))
            Assert.Contains("T:AltruistManager.Client.AltruistHandler", await new StreamReader(documentation).ReadToEndAsync(TestContext.Current.CancellationToken));
        await using (var specification = await package.GetEntry("AltruistManager.Client.nuspec")!.OpenAsync(TestContext.Current.CancellationToken))
        {
            var elements = (await XDocument.LoadAsync(specification, LoadOptions.None, TestContext.Current.CancellationToken)).Descendants().ToList();
            Assert.DoesNotContain(elements, element => element.Name.LocalName == "dependency");
            Assert.Equal("Microsoft.AspNetCore.App", Assert.Single(elements, element => element.Name.LocalName == "frameworkReference").Attribute("name")!.Value);
            Assert.Equal("portal.md", Assert.Single(elements, element => element.Name.LocalName == "readme").Value);
            if (Path.Exists(Path.Combine(root, ".git")))
                Assert.Matches("^[0-9a-f]{40}$", Assert.Single(elements, element => element.Name.LocalName == "repository").Attribute("commit")?.Value);
        }

        using var symbols = await ZipFile.OpenReadAsync(Assert.Single(Directory.GetFiles(folder, "*.snupkg")), TestContext.Current.CancellationToken);
        using var pdb = new MemoryStream();
        await using (var packed = await symbols.GetEntry("lib/net10.0/AltruistManager.Client.pdb")!.OpenAsync(TestContext.Current.CancellationToken))
            await packed.CopyToAsync(pdb, TestContext.Current.CancellationToken);
        pdb.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(pdb);
        var reader = provider.GetMetadataReader();
        var sources = reader.Documents.Select(document => (Name: reader.GetString(reader.GetDocument(document).Name), IsWithin: IsWithin(reader, document))).ToList();
        Assert.Contains(sources, source => source.Name == "/_/src/AltruistManager.Client/AltruistHandler.cs");
        // Neither is what is missing found elsewhere, nor does anybody need to know where it was built.
        Assert.All(sources, source => Assert.True(source.IsWithin && source.Name.StartsWith("/_/", StringComparison.Ordinal), source.Name));
    }

    private static bool IsWithin(MetadataReader reader, DocumentHandle document) =>
        reader.GetCustomDebugInformation(document).Any(information => reader.GetGuid(reader.GetCustomDebugInformation(information).Kind) == EmbeddedSource);

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
